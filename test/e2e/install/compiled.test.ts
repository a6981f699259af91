/** The program of the hooks keeps what was compiled of it beside itself: only to be faster, never to be another one. */
import { cp, mkdir, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Answer } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

const PROJECT = path.resolve(import.meta.dirname, '../../..')

let assets: TwoAssets
/** A package of its own, whose files the tests may change. */
let dist: string

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 3) } })
  const folder = path.join(assets.folder, 'package')
  dist = path.join(folder, 'dist')
  await mkdir(folder)
  await cp(path.join(PROJECT, 'dist'), dist, { recursive: true })
  await rm(path.join(dist, 'cache'), { recursive: true, force: true })
  for (const name of ['templates', 'hooks', 'package.json'])
    await cp(path.join(PROJECT, name), path.join(folder, name), { recursive: true })
  await symlink(path.join(PROJECT, 'node_modules'), path.join(folder, 'node_modules'))
})
afterEach(() => assets.close())

/** Runs a hook with that package. */
async function hook(...words: string[]): Promise<Answer> {
  return assets.a.start(process.execPath, [path.join(dist, 'cli/main.js'), 'hook', ...words])
}

const kept = (): Promise<string[]> => readdir(path.join(dist, 'cache')).catch(() => [])

test('it is made by the first run and used by the next, and what a hook does stays the same', async () => {
  expect((await hook('post-commit')).text).toBe('')
  const names = await kept()
  expect(names.join(' ')).toMatch(/-post-commit-for-git\.js$/)
  expect((await hook('post-commit')).text).toBe('')
  expect(await kept()).toEqual(names)
})

test('damaged, cut off or of another program, it is made anew', async () => {
  await hook('post-commit')
  const [name = ''] = await kept()
  const file = path.join(dist, 'cache', name)
  await writeFile(file, 'no code')
  expect((await hook('post-commit')).text).toBe('')
  await truncate(file, 1000)
  expect((await hook('post-commit')).text).toBe('')
  await cp(path.join(dist, 'cli/main.js'), file)
  expect((await hook('post-commit')).text).toBe('')
  expect(await kept()).toEqual([name])
})

test('where it cannot be kept, and with source maps, the hook runs without it', async () => {
  await writeFile(path.join(dist, 'cache'), 'no folder')
  expect((await hook('post-commit')).text).toBe('')
  await rm(path.join(dist, 'cache'))
  const main = [path.join(dist, 'cli/main.js'), 'hook', 'post-commit']
  expect((await assets.a.start(process.execPath, ['--enable-source-maps', ...main])).text).toBe('')
  expect((await assets.a.start(process.execPath, main, { NODE_DISABLE_COMPILE_CACHE: '1' })).text).toBe('')
  expect(await kept()).toEqual([])
})

test('the commands of people are kept in the same way, each with what it uses', async () => {
  const main = path.join(dist, 'cli/main.js')
  for (let run = 0; run < 2; run++) {
    const { stdout } = await assets.a.start(process.execPath, [main, 'status', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ sources: { app: { state: 'in-sync' } } })
  }
  const names = await kept()
  expect(names.join(' ')).toMatch(/-status-people\.js/)
  const { stdout } = await assets.a.start(process.execPath, ['--enable-source-maps', main, 'stats', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ version: 1 })
  expect(await kept()).toEqual(names)
})

test('--version loads nothing of it', async () => {
  for (const name of ['for-git', 'people']) await rm(path.join(dist, `cli/${name}.js`))
  const { stdout } = await assets.a.start(process.execPath, [path.join(dist, 'cli/main.js'), '--version'])
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
