/** Collisions that no new number can settle: what is guessed at is held until somebody says so, what has no place is kept in quarantine until somebody gives it one. */
import { expect, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

interface Listed {
  readonly ok: boolean
  readonly records: readonly { readonly id: string; readonly collection: string; readonly key: string[] }[]
}

async function quarantined(asset: Asset): Promise<Listed> {
  return JSON.parse((await asset.tandem('quarantine', 'list', '--json')).stdout) as Listed
}

const offices = {
  tables: ["CREATE TABLE office (code TEXT PRIMARY KEY, street TEXT, phone TEXT, secret_key TEXT DEFAULT 'none')"],
  collections: { office: { identity: ['street'] } },
}

/** Both machines call an office `berlin`, and mean two: b's record loses its key. */
async function twoBerlins({ a, b }: TwoAssets): Promise<void> {
  await a.database.insert('office', [{ code: 'berlin', street: 'Allee 1', phone: '1', secret_key: 'of a' }])
  await b.database.insert('office', [{ code: 'berlin', street: 'Damm 2', phone: '2', secret_key: 'of b' }])
  await a.git('push')
  await b.git('pull')
}

test('a record whose key another machine gave away waits in quarantine, travels with the next push, and is found by verify and status', async () => {
  await betweenTwo(sqlite, offices, async (assets) => {
    const { a, b } = assets
    await twoBerlins(assets)
    const aside = (await quarantined(b)).records
    expect(aside).toMatchObject([{ collection: 'office', key: ['berlin'], record: { street: 'Damm 2', phone: '2' } }])
    expect(await b.database.rows('office')).toEqual([
      { code: 'berlin', street: 'Allee 1', phone: '1', secret_key: 'none' },
    ])
    await b.git('push')
    await a.git('pull')
    expect(await a.read('exports/quarantine/app/office.jsonl')).toContain('Damm 2')
    expect((await quarantined(a)).records).toEqual(aside)
    const verify = await a.tandem('verify')
    expect(verify.code).toBe(1)
    expect(verify.text).toContain(`quarantine: ${aside[0]?.id}`)
    expect((await a.tandem('status')).text).toContain('in quarantine 1')
    expect((await b.tandem('report', 'show', 'latest', '--json')).stdout).toContain('"kind":"quarantine"')
    expect(await chatter(assets)).toEqual([])
  })
})

test('a quarantined record gets a key by rekey, and is on both machines then', async () => {
  await betweenTwo(sqlite, offices, async (assets) => {
    const { a, b } = assets
    await twoBerlins(assets)
    await b.git('push')
    await a.git('pull')
    const id = (await quarantined(a)).records[0]?.id ?? ''
    const dry = await a.tandem('quarantine', 'rekey', id, '--key', '["potsdam"]', '--dry-run')
    expect(dry.text).toContain('would be placed as ["potsdam"]')
    expect(await a.database.rows('office')).toHaveLength(1)
    expect((await a.tandem('quarantine', 'rekey', id)).code).toBe(2)
    expect((await a.tandem('quarantine', 'rekey', id, '--key', '["potsdam"]')).code).toBe(0)
    expect((await quarantined(a)).records).toEqual([])
    await a.git('push')
    await b.git('pull')
    for (const { database } of [a, b])
      expect((await database.rows('office')).map((row) => `${row['code']} ${row['street']}`)).toEqual([
        'berlin Allee 1',
        'potsdam Damm 2',
      ])
    expect((await quarantined(b)).ok).toBe(true)
    expect(await disagreements(assets)).toEqual([])
  })
})

test('accept puts the quarantined record over the one in live, and what the database refuses changes nothing', async () => {
  const tables = [...offices.tables, 'CREATE UNIQUE INDEX phones ON office (phone)']
  await betweenTwo(sqlite, { ...offices, tables }, async (assets) => {
    const { a, b } = assets
    await twoBerlins(assets)
    await b.database.insert('office', [{ code: 'bonn', street: 'Markt 3', phone: '2' }])
    const id = (await quarantined(b)).records[0]?.id ?? ''
    const refused = await b.tandem('quarantine', 'accept', id)
    expect(refused.code).toBe(7)
    expect(refused.text).toContain('phone')
    expect((await quarantined(b)).records).toHaveLength(1)
    await b.database.remove('office', { code: 'bonn' })
    expect((await b.tandem('quarantine', 'accept', id)).text).toContain('placed over')
    expect((await b.database.rows('office'))[0]).toMatchObject({ code: 'berlin', street: 'Damm 2' })
    expect((await b.tandem('quarantine', 'drop', id)).code).toBe(2)
    await b.git('push')
    await a.git('pull')
    expect((await a.database.rows('office'))[0]).toMatchObject({ street: 'Damm 2' })
    expect(await disagreements(assets)).toEqual([])
  })
})

test('a field that seems to refer to a number taken twice holds the collection until the configuration says whether it does', async () => {
  const tables = [
    'CREATE TABLE artist (id INTEGER PRIMARY KEY, name TEXT)',
    'CREATE TABLE note (id TEXT PRIMARY KEY, artist_id INTEGER, words TEXT)',
    'CREATE TABLE event (id TEXT PRIMARY KEY, data TEXT)',
  ]
  await betweenTwo(sqlite, { tables, collections: {} }, async (assets) => {
    const { a, b } = assets
    await a.database.insert('artist', [{ id: 1, name: 'red' }])
    await a.database.insert('note', [{ id: 'a', artist_id: 1, words: 'of red' }])
    await b.database.insert('artist', [{ id: 1, name: 'blue' }])
    await b.database.insert('note', [{ id: 'b', artist_id: 1, words: 'of blue' }])
    await a.git('push')
    expect((await b.git('pull')).text).toContain('note.artist_id seems to refer to it')
    expect(await b.database.rows('artist')).toEqual([{ id: '1', name: 'blue' }])
    const configuration = JSON.parse(await b.read('tandem.config.json')) as { sources: { app: object } }
    const collections = { note: { references: { artist_id: 'artist' } } }
    const app = { ...configuration.sources.app, collections }
    await b.commit('tandem.config.json', JSON.stringify({ ...configuration, sources: { app } }))
    expect((await b.tandem('apply')).code).toBe(0)
    await b.git('push')
    await a.git('pull')
    for (const { database } of [a, b])
      expect(
        await database.run('SELECT words, name FROM note JOIN artist ON artist.id = artist_id ORDER BY words'),
      ).toEqual([
        { words: 'of blue', name: 'blue' },
        { words: 'of red', name: 'red' },
      ])
    expect(await disagreements(assets)).toEqual([])
  })
})
