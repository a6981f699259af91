/** What the program says of itself: help, the folder to start in, and the completion of a shell. */
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROGRAM, type Asset } from '../../support/asset.ts'
import { json } from '../../support/json-answer.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset
let b: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 120) } })
  ;({ a, b } = assets)
})
afterEach(() => assets.close())

describe('help and completion', () => {
  const COMMANDS = ['stats', 'diff', 'report', 'pause', 'resume', 'doctor', 'merge-file']

  test.each(COMMANDS)('%s --help has examples', async (name) => {
    const answer = await a.tandem(name, '--help')
    expect(answer.code).toBe(0)
    expect(answer.stdout).toMatch(new RegExp(`Examples:\\n +tandem ${name}`))
  })

  test('-C works from anywhere, also below the top of the repository', async () => {
    for (const name of ['stats', 'diff', 'report', 'doctor']) {
      const answer = await b.tandem(name, '--json', '-C', path.join(a.root, 'exports'))
      expect([name, answer.code]).toEqual([name, 0])
      expect(json(answer, 'version')).toBe(1)
    }
  })

  test.each(['/bin/bash', '/bin/zsh'])('%s completes the names of commands, options and actions', async (shell) => {
    const complete = async (...words: readonly string[]): Promise<string> => {
      const args = [PROGRAM, '--get-yargs-completions', 'tandem', ...words]
      return (await a.start(process.execPath, args, { SHELL: shell })).stdout
    }
    const names = (await complete('')).split('\n').map((line) => line.split(':', 1)[0])
    expect(names).toEqual(expect.arrayContaining([...COMMANDS, 'init', 'status']))
    expect(await complete('stats', '--')).toContain('--only')
    expect(await complete('report', '')).toMatch(/^show/m)
  })

  test('the completion script is one that bash reads, and completes with', async () => {
    const script = await a.start(process.execPath, [PROGRAM, 'completion'], { SHELL: '/bin/bash' })
    await a.write('../completion.bash', script.stdout)
    await a.write('../bin/tandem', `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`)
    await a.start('chmod', ['+x', '../bin/tandem'])
    const lines =
      '. ../completion.bash; COMP_WORDS=(tandem st); COMP_CWORD=1; _tandem_yargs_completions; echo "${COMPREPLY[*]}"'
    const answer = await a.start('bash', ['-c', lines], {
      PATH: `${path.join(assets.folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      SHELL: '/bin/bash',
    })
    expect(answer.stdout.trim().split(' ')).toEqual(['status', 'stats'])
  })
})
