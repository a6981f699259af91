/** `tandem pause` and `tandem resume`: meanwhile nothing is exported or applied, and afterwards nothing is lost. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Asset } from '../../support/asset.ts'
import { json } from '../../support/json-answer.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset
let b: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 120) } })
  ;({ a, b } = assets)
})
afterEach(() => assets.close())

describe('pause and resume', () => {
  test('while paused nothing is exported or applied; afterwards nothing is lost', async () => {
    const paused = await a.tandem('pause', '--json')
    expect(json(paused)).toMatchObject({ version: 1, ok: true, paused: true, changed: true })
    await a.database.insert('traders', [trader('id', 500)])
    await b.database.insert('traders', [trader('id', 501)])
    await b.git('push', '-q')
    await a.git('pull', '-q')
    const push = await a.git('push')
    expect(push.stderr).toContain('tandem: data not carried: tandem is paused')
    const [apply, exported] = [await a.tandem('apply'), await a.tandem('export', '--commit')]
    expect([apply.code, exported.code]).toEqual([2, 2])
    expect(apply.stderr).toContain('Run: tandem resume')
    expect((await a.database.rows('traders')).length).toBe(121)

    const resumed = await a.tandem('resume')
    expect(resumed.stdout).toMatch(/^resumed \(paused since .*tandem apply\n$/)
    expect((await a.tandem('apply')).code).toBe(0)
    await a.git('push', '-q')
    await b.git('pull', '-q')
    expect((await a.digest()).live).toBe((await b.digest()).live)
    expect((await b.database.rows('traders')).length).toBe(122)
  })

  test('a second pause keeps the first one’s time, a resume without one is harmless', async () => {
    const first = await a.tandem('pause', '--json')
    const second = await a.tandem('pause', '--json')
    expect(json(second)).toEqual({ ...(json(first) as object), changed: false })
    expect(json(await a.tandem('resume', '--json'))).toMatchObject({ paused: false, changed: true })
    expect(json(await a.tandem('resume', '--json'))).toEqual({ version: 1, ok: true, paused: false, changed: false })
  })

  test('--dry-run changes nothing, and a broken configuration hinders neither', async () => {
    await a.tandem('pause', '--dry-run')
    expect((await a.try('config', 'tandem.paused')).code).toBe(1)
    await a.write('tandem.config.json', '{')
    expect((await a.tandem('pause')).code).toBe(0)
    await a.tandem('resume', '--dry-run')
    expect((await a.try('config', 'tandem.paused')).code).toBe(0)
    expect((await a.tandem('resume')).code).toBe(0)
  })

  test('outside a repository both are usage errors', async () => {
    expect((await a.tandem('pause', '-C', assets.folder)).code).toBe(2)
    expect((await a.tandem('resume', '-C', assets.folder)).code).toBe(2)
  })
})
