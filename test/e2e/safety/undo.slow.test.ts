/** Safety snapshots and `tandem undo`: an apply can be taken back exactly, what was written since stays, and nothing is redone or exported without a word. */
import { copyFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { TWENTY } from '../../support/earnings.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { hour, trader, traders } from '../../support/traders.ts'
import { betweenTwo, firstExport, type TwoAssets, withEmptyAssets } from '../../support/two-assets.ts'

const id = (i: number): string => `trader-${String(i).padStart(4, '0')}`

const field = async (asset: Asset, i: number, name: string): Promise<string | null | undefined> =>
  (await asset.database.rows('traders')).find((row) => row['id'] === id(i))?.[name]
const live = async (asset: Asset): Promise<string> => (await asset.digest()).live
const data = async (asset: Asset): Promise<number> =>
  Number((await asset.git('rev-list', '--count', '--grep=^data: ', 'HEAD')).stdout)

/** b pulled from a: one record changed, one deleted, one added. Answers b's digest before it. */
async function pulled({ a, b }: TwoAssets): Promise<string> {
  const before = await live(b)
  await a.database.change('traders', { id: id(1) }, { profit_usd: 111, updated_at: hour(30) })
  await a.database.remove('traders', { id: id(2) })
  await a.database.insert('traders', [trader('id', 21)])
  await a.git('push')
  await b.git('pull')
  expect([await field(b, 1, 'profit_usd'), await field(b, 2, 'id'), await field(b, 21, 'id')]).toEqual([
    '111',
    undefined,
    id(21),
  ])
  return before
}

describe('undo', () => {
  test('gives back the exact former content; pushes, pulls, status and export leave the source alone and say so', () =>
    betweenTwo(sqlite, TWENTY, async (assets) => {
      const { a, b } = assets
      const before = await pulled(assets)
      const answer = await b.tandem('undo')
      expect(answer).toMatchObject({ code: 0 })
      expect(answer.text).toMatch(/app \+1 ~1 -1 taken back/)
      expect(await live(b)).toBe(before)
      const status = JSON.parse((await b.tandem('status', '--json')).stdout)
      expect(status.sources.app).toMatchObject({ state: 'held', reason: expect.stringContaining('undo') })
      const commits = await data(b)
      for (const what of [await b.git('push'), await b.try('commit', '-q', '--allow-empty', '-m', 'code')])
        expect(what.text).toMatch(/app is held .*tandem undo .*tandem apply.*tandem undo --publish/)
      expect(await b.tandem('export', '--commit')).toMatchObject({ code: 5 })
      await a.database.change('traders', { id: id(5) }, { note: 'from a', updated_at: hour(40) })
      await a.git('pull')
      await a.git('push')
      expect((await b.git('pull', '--no-edit')).text).toContain('app is held')
      expect(await live(b)).toBe(before)
      expect(await data(b)).toBe(commits + 1)
    }))

  test('is taken back by apply, which brings HEAD in again exactly, also what came meanwhile', () =>
    betweenTwo(sqlite, TWENTY, async (assets) => {
      const { a, b } = assets
      await pulled(assets)
      const applied = await live(b)
      await b.tandem('undo')
      const dry = await b.tandem('apply', '--dry-run')
      expect(dry.text).toMatch(/app \+1 ~1 -1 brought in again/)
      expect(await live(b)).not.toBe(applied)
      expect(await b.tandem('apply')).toMatchObject({ code: 0 })
      expect(await live(b)).toBe(applied)
      await b.tandem('undo')
      await a.database.change('traders', { id: id(5) }, { note: 'from a', updated_at: hour(40) })
      await a.git('push')
      await b.git('pull')
      expect(await field(b, 5, 'note')).toBe('')
      expect((await b.tandem('apply')).text).toContain('brought in again')
      expect(await field(b, 5, 'note')).toBe('from a')
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }))

  test('is made a change for all by --publish', () =>
    betweenTwo(sqlite, TWENTY, async (assets) => {
      const { a, b } = assets
      const before = await pulled(assets)
      expect(await b.tandem('undo', '--publish')).toMatchObject({ code: 2 })
      await b.tandem('undo')
      expect(await b.tandem('undo', '--publish')).toMatchObject({ code: 0 })
      expect((await b.git('push')).text).toMatch(/data commit .* app \+1 ~1 -1/)
      await a.git('pull')
      expect([await live(a), await live(b)]).toEqual([before, before])
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }))

  test('keeps what was written in live since, and names it', () =>
    betweenTwo(sqlite, TWENTY, async (assets) => {
      const { b } = assets
      await pulled(assets)
      await b.database.change('traders', { id: id(1) }, { note: 'mine' })
      await b.database.change('traders', { id: id(21) }, { note: 'mine too' })
      await b.database.change('traders', { id: id(7) }, { note: 'elsewhere' })
      await b.database.insert('traders', [trader('id', 90)])
      const dry = await b.tandem('undo', '--dry-run')
      expect(dry.text).toContain('would be taken back')
      expect(await field(b, 1, 'profit_usd')).toBe('111')
      const answer = await b.tandem('undo')
      expect(answer.text).toContain(`app/traders ["${id(1)}"] was changed here since`)
      expect(answer.text).toContain(`app/traders ["${id(21)}"] was changed here since`)
      expect([await field(b, 1, 'profit_usd'), await field(b, 1, 'note')]).toEqual(['1.5', 'mine'])
      expect([await field(b, 2, 'id'), await field(b, 21, 'note')]).toEqual([id(2), 'mine too'])
      expect([await field(b, 7, 'note'), await field(b, 90, 'id')]).toEqual(['elsewhere', id(90)])
      await b.database.change('traders', { id: id(8) }, { note: 'while held' })
      await b.tandem('apply')
      expect([await field(b, 1, 'profit_usd'), await field(b, 1, 'note')]).toEqual(['111', 'mine'])
      expect([await field(b, 2, 'id'), await field(b, 8, 'note')]).toEqual([undefined, 'while held'])
    }))

  test('goes back step by step, or to a named snapshot, and one apply redoes all of it', () =>
    betweenTwo(sqlite, TWENTY, async (assets) => {
      const { a, b } = assets
      const digests = [await live(b)]
      for (const i of [1, 2, 3]) {
        await a.database.change('traders', { id: id(4) }, { note: `step ${i}`, updated_at: hour(30 + i) })
        await a.git('push')
        await b.git('pull')
        digests.push(await live(b))
      }
      const list = JSON.parse((await b.tandem('undo', '--list', '--json')).stdout).sources.app
      expect(list.slice(0, 3)).toMatchObject([1, 2, 3].map(() => ({ kind: 'apply', changed: 1, undoable: true })))
      for (const expected of [digests[2], digests[1]]) {
        await b.tandem('undo')
        expect(await live(b)).toBe(expected)
      }
      await b.tandem('apply')
      expect(await live(b)).toBe(digests[3])
      expect(await b.tandem('undo', list[2].name)).toMatchObject({ code: 0 })
      expect(await live(b)).toBe(digests[0])
      await b.tandem('undo', '--publish')
      await b.tandem('undo')
      expect(await live(b)).toBe(digests[3])
      expect((await b.tandem('undo', 'nonsense')).code).toBe(2)
    }))

  test('has the last twenty applies to go back to, as commits that git can show', () =>
    betweenTwo(sqlite, { records: { traders: traders('id', 3) } }, async ({ b }) => {
      const refs = async (): Promise<string[]> =>
        (await b.git('for-each-ref', '--format=%(refname)', 'refs/tandem/safety/app')).stdout.trim().split('\n')
      const mend = async (note: string): Promise<void> => {
        await b.database.change('traders', { id: id(1) }, { note, updated_at: hour(-1) })
        expect(await b.tandem('merge', 'HEAD:exports/app/traders')).toMatchObject({ code: 0 })
      }
      await mend('wrong')
      const [first = ''] = (await refs()).slice(-1)
      for (let i = 10; i < 35; i++)
        await b.git('update-ref', `refs/tandem/safety/app/20200101T0000000${i}Z-abcdef0`, first)
      await mend('wrong again')
      expect(await refs()).toHaveLength(20)
      const [newest = ''] = (await refs()).slice(-1)
      expect((await refs()).slice(-2)).toEqual([first, newest])
      // the join and the two merges; snapshots whose apply never came about, as after a kill, are nothing to take back
      const list = JSON.parse((await b.tandem('undo', '--list', '--json')).stdout).sources.app as {
        undoable: boolean
      }[]
      expect(list.map(({ undoable }) => undoable)).toEqual([true, true, true, ...list.slice(3).map(() => false)])
      expect((await b.git('ls-tree', '-r', '--name-only', newest)).stdout).toContain(
        'exports/app/traders/records.jsonl',
      )
      expect((await b.git('show', `${newest}:exports/app/traders/records.jsonl`)).stdout).toContain(
        '"note":"wrong again"',
      )
    }))
})

describe('an old backup of the database', () => {
  test('is merged forward: what came since comes back, what is in the backup alone stays, and restore --at gives the older state', () =>
    betweenTwo(sqlite, TWENTY, async (assets) => {
      const { a, b } = assets
      await b.database.insert('traders', [trader('id', 60)])
      await copyFile(path.join(b.root, 'data/app.db'), path.join(b.root, 'data/backup.db'))
      await pulled(assets)
      await b.database.change('traders', { id: id(9) }, { note: 'newer' })
      await b.git('push')
      await a.git('pull')
      const newest = (await a.digest()).live
      await a.database.insert('traders', [trader('id', 61)])
      await a.git('push')
      await copyFile(path.join(b.root, 'data/backup.db'), path.join(b.root, 'data/app.db'))
      await b.database.change('traders', { id: id(10) }, { note: 'after the backup came back' })
      const former = await live(b)
      const answer = await b.git('pull')
      expect(answer.text).toMatch(/older backup .*tandem restore --at \d{8}T\d{9}Z-[0-9a-f]{7}/)
      expect([await field(b, 1, 'profit_usd'), await field(b, 2, 'id'), await field(b, 9, 'note')]).toEqual([
        '111',
        undefined,
        'newer',
      ])
      expect([await field(b, 21, 'id'), await field(b, 61, 'id'), await field(b, 10, 'note')]).toEqual([
        id(21),
        id(61),
        'after the backup came back',
      ])
      await b.git('push')
      await a.git('pull')
      expect(await disagreements(assets)).toEqual([])
      expect((await b.git('push')).text).not.toContain('older backup')
      expect(newest).not.toBe(former)
      const name = / --at (\S+)/.exec(answer.text)?.[1] ?? ''
      expect(await b.tandem('restore', '--at', name, '--yes')).toMatchObject({ code: 0 })
      expect(await live(b)).toBe(former)
    }))
})

test('a backup from before a pull that met edits: they come back too, although no export had carried them', () =>
  betweenTwo(sqlite, TWENTY, async (assets) => {
    const { a, b } = assets
    await copyFile(path.join(b.root, 'data/app.db'), path.join(b.root, 'data/backup.db'))
    await b.database.change('traders', { id: id(1) }, { note: 'met', updated_at: hour(50) })
    await b.database.insert('traders', [trader('id', 70)])
    await a.database.change('traders', { id: id(1) }, { profit_usd: 7, updated_at: hour(40) })
    await a.git('push')
    await b.git('pull')
    const merged = await live(b)
    await copyFile(path.join(b.root, 'data/backup.db'), path.join(b.root, 'data/app.db'))
    expect((await b.tandem('apply')).text).toContain('older backup')
    expect(await live(b)).toBe(merged)
    await b.git('push')
    await a.git('pull')
    expect([await field(a, 1, 'note'), await field(a, 1, 'profit_usd'), await field(a, 70, 'id')]).toEqual([
      'met',
      '7',
      id(70),
    ])
    expect(await disagreements(assets)).toEqual([])
  }))

const servers = [postgres(inject('postgres')), ...inject('mongodb').slice(0, 1).map(mongodb)]

test.each(servers)('$name: undo and apply are exact both ways, and a former state can be published', (engine) =>
  betweenTwo(engine, { records: { traders: traders(engine.key, 20) } }, async ({ a, b }) => {
    const before = await live(b)
    await a.database.change('traders', { [engine.key]: id(1) }, { note: 'from a', updated_at: hour(30) })
    await a.database.remove('traders', { [engine.key]: id(2) })
    await a.database.insert('traders', [trader(engine.key, 21)])
    await a.git('push')
    await b.git('pull')
    const after = await live(b)
    const { stdout } = await b.tandem('undo', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ added: 1, changed: 1, removed: 1, kept: [] })
    expect(await live(b)).toBe(before)
    expect((await b.git('push')).text).toContain('app is held')
    expect(await b.tandem('apply')).toMatchObject({ code: 0 })
    expect(await live(b)).toBe(after)
    await b.tandem('undo')
    expect(await b.tandem('undo', '--publish')).toMatchObject({ code: 0 })
    await b.git('push')
    await a.git('pull')
    expect(await live(a)).toBe(before)
  }),
)

test.each([sqlite, postgres(inject('postgres'))])(
  '$name: tables that a join filled as a whole are empty again after undo, and full after apply',
  (engine) =>
    withEmptyAssets(engine, TWENTY, async (assets) => {
      const { a, b } = assets
      await firstExport(a)
      await b.git('pull', '-q')
      expect(await b.tandem('init', '--yes')).toMatchObject({ code: 0 })
      expect(await b.database.rows('traders')).toHaveLength(20)
      const undo = await b.tandem('undo')
      expect(undo.text).toContain('app +0 ~0 -20 taken back')
      expect(await b.database.rows('traders')).toEqual([])
      expect(await b.tandem('apply')).toMatchObject({ code: 0 })
      expect(await b.database.rows('traders')).toEqual(await a.database.rows('traders'))
      expect(await disagreements(assets)).toEqual([])
    }),
)
