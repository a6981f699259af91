/** `tandem restore --at`: live becomes again what the exports said, as an ordinary change; parents come along, and nothing is left dangling. */
import { describe, expect, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const TABLES = [
  'CREATE TABLE artists (id INTEGER PRIMARY KEY, name TEXT)',
  'CREATE TABLE albums (id INTEGER PRIMARY KEY, artist INTEGER NOT NULL REFERENCES artists (id), title TEXT)',
  'CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT)',
]
const OPTIONS = {
  tables: TABLES,
  records: {
    artists: [1, 2, 3].map((id) => ({ id, name: `artist ${id}` })),
    albums: [1, 2, 3, 4].map((id) => ({ id, artist: Math.min(id, 3), title: `album ${id}` })),
    notes: Array.from({ length: 30 }, (_, i) => ({ id: `n${i}`, body: `note ${i}` })),
  },
}

const titles = async ({ database }: Asset): Promise<(string | null | undefined)[]> =>
  (await database.rows('albums')).map(({ title }) => title)

/** a changes, deletes and adds, and exports it. Answers the commit before. */
async function movedOn(a: Asset): Promise<string> {
  const before = await a.id('HEAD')
  await a.database.change('albums', { id: 1 }, { title: 'renamed' })
  await a.database.run('DELETE FROM albums WHERE id = 2', 'DELETE FROM artists WHERE id = 2')
  await a.database.insert('artists', [{ id: 9, name: 'new' }])
  await a.database.insert('albums', [{ id: 9, artist: 9, title: 'newer' }])
  await a.database.change('notes', { id: 'n1' }, { body: 'changed' })
  await a.git('push')
  return before
}

describe('restore --at', () => {
  test('shows a plan, asks, makes the whole source what it was, and the next push carries it', () =>
    betweenTwo(sqlite, OPTIONS, async (assets) => {
      const { a, b } = assets
      const { live: former } = await a.digest()
      const before = await movedOn(a)
      const { live: now } = await a.digest()
      const dry = await a.tandem('restore', '--at', before, '--dry-run')
      expect(dry.text).toMatch(/app\/albums \+1 ~1 -1/)
      expect(await a.tandem('restore', '--at', before)).toMatchObject({ code: 5 })
      expect((await a.digest()).live).toBe(now)
      const answer = await a.tandem('restore', '--at', before, '--yes', '--json')
      expect(JSON.parse(answer.stdout)).toMatchObject({
        restored: true,
        collections: { albums: { added: 1, changed: 1, removed: 1 }, notes: { changed: 1 } },
      })
      expect((await a.digest()).live).toBe(former)
      await exchange(assets)
      expect((await b.digest()).live).toBe(former)
      expect(await disagreements(assets)).toEqual([])
      await a.tandem('undo')
      expect((await a.digest()).live).toBe(now)
    }))

  test('restores one collection or one record with the parents it needs, and nothing else', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a }) => {
      const before = await movedOn(a)
      const one = await a.tandem('restore', '--at', before, '--collection', 'albums', '--key', '2', '--yes')
      expect(one.text).toContain('app/artists [2] comes back too: albums [2] refers to it')
      expect(await titles(a)).toEqual(['renamed', 'album 2', 'album 3', 'album 4', 'newer'])
      expect(await a.tandem('restore', '--at', before, '--only', 'app/notes', '--yes')).toMatchObject({ code: 0 })
      expect((await a.database.rows('notes')).find(({ id }) => id === 'n1')).toMatchObject({ body: 'note 1' })
      expect(await titles(a)).toContain('renamed')
      expect((await a.tandem('restore', '--at', before, '--collection', 'album', '--yes')).text).toContain(
        'Did you mean',
      )
      expect(await a.tandem('restore', '--at', before, '--collection', 'albums', '--key', '77', '--yes')).toMatchObject(
        {
          code: 2,
        },
      )
      expect(await a.tandem('restore', '--at', 'nowhere', '--yes')).toMatchObject({ code: 2 })
    }))

  test('names the records that stand in the way, and changes nothing', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a }) => {
      const before = await movedOn(a)
      const { live } = await a.digest()
      const answer = await a.tandem('restore', '--at', before, '--collection', 'artists', '--yes')
      expect(answer).toMatchObject({ code: 5 })
      expect(answer.text).toContain('albums [9] refers to artists [9], which that commit does not have')
      expect((await a.digest()).live).toBe(live)
    }))

  test('is held by the guard where it would delete much, and let go by --allow-deletes', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a }) => {
      const before = await a.id('HEAD')
      const many = Array.from({ length: 40 }, (_, i) => ({ id: `m${i}`, body: '' }))
      await a.database.insert('notes', many)
      await a.git('push')
      const refused = await a.tandem('restore', '--at', before, '--yes')
      expect(refused).toMatchObject({ code: 5 })
      expect(refused.text).toContain('--allow-deletes notes=40')
      expect(await a.tandem('restore', '--at', before, '--yes', '--allow-deletes', 'notes=40')).toMatchObject({
        code: 0,
      })
      expect(await a.database.rows('notes')).toHaveLength(30)
    }))

  test('keeps fields that came since, and refuses where one is gone', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a }) => {
      const before = await movedOn(a)
      await a.database.run('ALTER TABLE notes ADD COLUMN mark TEXT', "UPDATE notes SET mark = 'kept'")
      await a.git('push')
      await a.tandem('restore', '--at', before, '--collection', 'notes', '--yes')
      expect((await a.database.rows('notes')).find(({ id }) => id === 'n1')).toMatchObject({
        body: 'note 1',
        mark: 'kept',
      })
      await a.database.run('ALTER TABLE notes DROP COLUMN body')
      const refused = await a.tandem('restore', '--at', before, '--collection', 'notes', '--yes')
      expect(refused.text).toContain('body is gone')
      expect(refused.code).toBe(5)
    }))
})
