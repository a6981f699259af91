/** A script for the Task Scheduler of a Synology NAS (DSM), which has no command to add a task: one task that runs it every five minutes does everything that is due. */
import { shellQuote } from '../git/install/shell-words.ts'
import { TICK_MINUTES, type Unit, type UnitsInput, unitsName, wordsOf } from './units.ts'

export function synologyScript(input: UnitsInput): Unit {
  const content = [
    '#!/bin/sh',
    `# DSM: Control Panel > Task Scheduler > Create > Scheduled Task > User-defined script. Every day, every ${TICK_MINUTES} minutes, as the owner of`,
    `# ${input.root.replaceAll('\n', ' ')}; command: sh and the path of this file.`,
    `PATH=${shellQuote(input.searchPath)}`,
    'export PATH',
    `exec ${wordsOf(input).map(shellQuote).join(' ')}`,
    '',
  ]
  return { name: `${unitsName(input.root)}.sh`, content: content.join('\n') }
}
