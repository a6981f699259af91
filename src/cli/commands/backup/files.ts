/** `tandem backup files`. */
import path from 'node:path'
import type { FileState } from '../../../backup/versions.ts'
import { keepVersions } from '../../../operations/backup/files.ts'
import type { CommandContext } from '../../command.ts'

/** Runs `tandem backup files`. Exit code 1: a file cannot be read and was not repaired. */
export async function runFiles(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const states = await keepVersions(workspace, args['repair'] === true)
  for (const each of states) output.say(wordsOf(each))
  if (states.length === 0) output.say('no configuration file is named: "backup": {"files": ["config/*.json"]}')
  const code = states.some(({ state }) => state === 'invalid') ? 1 : 0
  if (output.json) output.value({ ok: code === 0, files: states })
  return code
}

function wordsOf({ file, state, version, problem }: FileState): string {
  const good =
    version === undefined ? 'and there is no good version of it' : `the last good version is ${path.basename(version)}`
  switch (state) {
    case 'invalid':
      return `${file} cannot be read (${problem}); ${good}${version === undefined ? '' : ': tandem backup files --repair'}`
    case 'repaired':
      return `${file} could not be read (${problem}) and is its last good version again, ${version === undefined ? '' : path.basename(version)}`
    case 'large':
      return `${file} is larger than a configuration; it is only in the archives`
    case 'saved':
      return `${file}: a new version is kept`
    default:
      return `${file}: unchanged`
  }
}
