/** How many git processes the hooks start: every one costs milliseconds that somebody waits for. Counted from git's own trace, without those that git starts for itself. */
import { mkdir, readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset
let b: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 20) } })
  ;({ a, b } = assets)
})
afterEach(() => assets.close())

/** The commands that hooks and program start during one git command, in order. */
async function started(asset: Asset, name: string, ...args: string[]): Promise<string[]> {
  const folder = path.join(asset.root, '.git', `trace-${name}`)
  await mkdir(folder)
  const answer = await asset.start('git', args, { GIT_TRACE2_EVENT: folder })
  expect(answer.code).toBe(0)
  const commands: { time: string; argv: string[] }[] = []
  for (const file of await readdir(folder))
    for (const line of (await readFile(path.join(folder, file), 'utf8')).split('\n'))
      if (line.includes('"event":"start"')) commands.push(JSON.parse(line) as { time: string; argv: string[] })
  // git calls itself by its full path, or by a program of its own
  return commands
    .map(({ argv }) => argv.join(' '))
    .filter((command) => command.startsWith('git ') && command !== `git ${args.join(' ')}`)
}

test('a push starts at most 15, one that has nothing to carry at most 4, a pull at most 10', async () => {
  await a.git('status') // the clone is a copy, and git has not seen its files yet
  await a.database.insert('traders', [trader('id', 500)])
  const push = await started(a, 'push', 'push', '-q')
  expect(push.filter((command) => command.startsWith('git push --quiet'))).toHaveLength(1)
  expect(push.slice(15)).toEqual([])
  const idle = await started(a, 'idle', 'push', '-q')
  expect(idle.slice(4)).toEqual([])
  const pull = await started(b, 'pull', 'pull', '-q')
  expect(pull.slice(10)).toEqual([])
  expect((await b.digest()).live).toBe((await a.digest()).live)
})
