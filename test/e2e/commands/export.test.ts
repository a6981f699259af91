/** `tandem export --full`: besides the databases, every line of the exports at HEAD is checked. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 20) } })
  a = assets.a
})
afterEach(() => assets.close())

test('finds damage in exports that an ordinary export has no reason to read', async () => {
  expect((await a.tandem('export', '--full')).code).toBe(0)
  const config = JSON.parse(await a.read('tandem.config.json')) as { sources: { app: { exclude?: string[] } } }
  config.sources.app.exclude = ['traders']
  await a.commit('tandem.config.json', JSON.stringify(config))
  expect((await a.tandem('init', '--yes')).code).toBe(0)
  const file = 'exports/app/traders/records.jsonl'
  const text = await a.read(file)
  await a.commit(file, text.replace('"username":"', '"username":"X'))

  expect((await a.tandem('export')).code).toBe(0)
  const full = await a.tandem('export', '--full')
  expect(full.code).toBe(4)
  expect(full.stderr).toContain(`${file}:2`)
})
