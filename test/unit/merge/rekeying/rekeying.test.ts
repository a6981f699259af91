/** Who follows a record that gets another key: pure, from the states of the lines alone. */
import { describe, expect, test } from 'vitest'
import { follow } from '../../../../src/merge/rekeying/following.ts'
import { numbersNeeded, rekey, type Rekeyed } from '../../../../src/merge/rekeying/rekeying.ts'
import { renumberedRecords, type RecordUnderKey } from '../../../../src/merge/rekeying/renumbered.ts'
import type { GivenKey as Placed, RekeyingWorld, WorldCollection } from '../../../../src/merge/rekeying/world.ts'
import { rulesWith } from '../rules.ts'

type Table = Readonly<Record<string, string>>

const records = (table: Table = {}): Map<string, string> => new Map(Object.entries(table))

interface Given extends Partial<Pick<WorldCollection, 'references' | 'given'>> {
  readonly key?: readonly string[]
  readonly serialKey?: boolean
  readonly base?: Table
  readonly theirs?: Table
  readonly live: Table
  readonly head?: Table
  /** Keys that live's records lose. */
  readonly loses?: readonly string[]
}

/** One line of history: a common past, theirs (which HEAD holds unless said otherwise), live. */
function worldOf(tables: Readonly<Record<string, Given>>): RekeyingWorld {
  const collections = new Map<string, WorldCollection>()
  for (const [name, table] of Object.entries(tables)) {
    const [live, head] = [records(table.live), records(table.head ?? table.theirs)]
    const loses = table.loses ?? []
    collections.set(name, {
      rules: rulesWith({ key: table.key ?? ['id'], serialKey: table.serialKey ?? true, newest: undefined }),
      references: table.references ?? [],
      live,
      head,
      changes: new Map(loses.map((key) => [key, { key, before: live.get(key), after: head.get(key) }])),
      moved: loses.map((key) => ({ key, record: live.get(key) as string, line: 0 })),
      given: table.given ?? new Map<string, Placed>(),
    })
  }
  const states = (side: 'base' | 'theirs'): Map<string, Map<string, string>> =>
    new Map(Object.entries(tables).map(([name, table]) => [name, records(table[side])]))
  return { collections, lines: [{ base: states('base'), theirs: states('theirs') }] }
}

/** New numbers begin at 100 for the first collection that needs some, at 200 for the second … */
function settle(world: RekeyingWorld): Rekeyed {
  const following = follow(world)
  const numbers = [...numbersNeeded(following)].map(
    ([name, count], i) => [name, Array.from({ length: count }, (_, n) => String(100 * (i + 1) + n))] as const,
  )
  return rekey(world, following, new Map(numbers))
}

/** What live holds afterwards. */
function after(world: RekeyingWorld, { changes }: Rekeyed, name: string): string[] {
  const live = new Map(world.collections.get(name)?.live)
  for (const change of changes.get(name) ?? [])
    if (change.after === undefined) live.delete(change.key)
    else live.set(change.key, change.after)
  return [...live.values()].sort()
}

const toArtist = [{ fields: ['artist'], to: 'artist', toFields: ['id'] }]
const artist: Given = {
  live: { '[1]': '{"id":1,"n":"blue"}' },
  theirs: { '[1]': '{"id":1,"n":"red"}' },
  loses: ['[1]'],
}

describe('a record that loses its number', () => {
  test('gets a new one, and takes along the child that only its own side has', () => {
    const album: Given = { references: toArtist, live: { '[7]': '{"artist":1,"id":7}' } }
    const world = worldOf({ artist, album })
    const settled = settle(world)
    expect(after(world, settled, 'artist')).toEqual(['{"id":1,"n":"red"}', '{"id":100,"n":"blue"}'])
    expect(after(world, settled, 'album')).toEqual(['{"artist":100,"id":7}'])
    expect(settled.keys.get('artist')).toEqual(new Map([['[1]', '[100]']]))
  })

  test('leaves the child that came with the other side, which must only stay as it is', () => {
    const known = { '[7]': '{"artist":1,"id":7}' }
    const world = worldOf({ artist, album: { references: toArtist, live: known, base: known, theirs: known } })
    const settled = settle(world)
    const [text] = Object.values(known)
    expect(settled.changes.get('album')).toEqual([{ key: '[7]', before: text, after: text, witness: true }])
  })

  test('takes along a child of the common past that only this side pointed at it', () => {
    const album: Given = {
      references: toArtist,
      base: { '[7]': '{"id":7}' },
      theirs: { '[7]': '{"id":7}' },
      live: { '[7]': '{"artist":1,"id":7}' },
    }
    const world = worldOf({ artist, album })
    expect(after(world, settle(world), 'album')).toEqual(['{"artist":100,"id":7}'])
  })

  test('splits a child that both sides added alike into two, and so on down to the grandchildren', () => {
    const album: Given = {
      references: toArtist,
      live: { '[7]': '{"artist":1,"id":7}' },
      theirs: { '[7]': '{"artist":1,"id":7}' },
    }
    const song: Given = {
      references: [{ fields: ['album'], to: 'album', toFields: ['id'] }],
      live: { '[9]': '{"album":7,"id":9}' },
      theirs: { '[9]': '{"album":7,"id":9}' },
    }
    const world = worldOf({ artist, album, song })
    const settled = settle(world)
    expect(after(world, settled, 'album')).toEqual(['{"artist":1,"id":7}', '{"artist":100,"id":200}'])
    expect(after(world, settled, 'song')).toEqual(['{"album":200,"id":300}', '{"album":7,"id":9}'])
  })

  test('leaves a child that both sides pointed at the number and that cannot be two, and says so', () => {
    const album: Given = {
      references: toArtist,
      base: { '[7]': '{"id":7}' },
      theirs: { '[7]': '{"artist":1,"id":7}' },
      live: { '[7]': '{"artist":1,"id":7}' },
    }
    const world = worldOf({ artist, album })
    const settled = settle(world)
    expect(after(world, settled, 'album')).toEqual(['{"artist":1,"id":7}'])
    expect(settled.decisions).toMatchObject([{ key: '[7]', field: 'artist', ours: '100', theirs: '1', chosen: '1' }])
  })

  test('takes the number that another machine gave to it already, as long as HEAD has it', () => {
    const placed = '{"id":50,"n":"blue","since":"elsewhere"}'
    const given = new Map([['[1]', { key: '[50]', record: '{"id":50,"n":"blue"}' }]])
    const known = { ...artist, head: { ...artist.theirs, '[50]': placed }, given }
    const album: Given = { references: toArtist, live: { '[7]': '{"artist":1,"id":7}' } }
    const world = worldOf({ artist: known, album })
    const settled = settle(world)
    expect(after(world, settled, 'artist')).toEqual(['{"id":1,"n":"red"}', placed])
    expect(after(world, settled, 'album')).toEqual(['{"artist":50,"id":7}'])
    expect(numbersNeeded(follow(worldOf({ artist, album })))).toEqual(new Map([['artist', 1]]))
  })

  test('takes it also when it was written to since, and what both machines wrote is merged', () => {
    const given = new Map([['[1]', { key: '[50]', record: '{"id":50,"n":"blue"}' }]])
    const head = { '[1]': '{"id":1,"n":"red"}', '[50]': '{"id":50,"n":"blue","theirs":1}' }
    const live = { '[1]': '{"id":1,"n":"blue","ours":1}' }
    const world = worldOf({ artist: { live, head, loses: ['[1]'], given } })
    expect(after(world, settle(world), 'artist')).toEqual([
      '{"id":1,"n":"red"}',
      '{"id":50,"n":"blue","ours":1,"theirs":1}',
    ])
  })

  test('changes the key of a child that is named by it, and keeps the one that the other side has', () => {
    const likes: Given = {
      key: ['artist', 'who'],
      serialKey: false,
      references: toArtist,
      live: { '[1,"x"]': '{"artist":1,"who":"x"}', '[1,"y"]': '{"artist":1,"who":"y"}' },
      theirs: { '[1,"x"]': '{"artist":1,"who":"x"}' },
    }
    const world = worldOf({ artist, likes })
    const settled = settle(world)
    expect(after(world, settled, 'likes')).toEqual([
      '{"artist":1,"who":"x"}',
      '{"artist":100,"who":"x"}',
      '{"artist":100,"who":"y"}',
    ])
    expect(settled.changes.get('likes')).toContainEqual(
      expect.objectContaining({ key: '[100,"y"]', before: undefined, from: '[1,"y"]' }),
    )
  })

  test('shares its new number with a child whose own number is its key', () => {
    const detail: Given = {
      references: [{ fields: ['id'], to: 'artist', toFields: ['id'] }],
      live: { '[1]': '{"id":1,"of":"blue"}' },
      theirs: { '[1]': '{"id":1,"of":"red"}' },
      loses: ['[1]'],
    }
    for (const tables of [
      { artist, detail },
      { detail, artist },
    ]) {
      const world = worldOf(tables)
      const settled = settle(world)
      expect(after(world, settled, 'artist')).toEqual(['{"id":1,"n":"red"}', '{"id":100,"n":"blue"}'])
      expect(after(world, settled, 'detail')).toEqual(['{"id":1,"of":"red"}', '{"id":100,"of":"blue"}'])
    }
  })

  test('takes along, of children whose field means another table in each row, only its own', () => {
    const tag: Given = {
      references: [{ fields: ['of'], to: 'artist', toFields: ['id'], when: { field: 'type', value: 'Artist' } }],
      live: { '[1]': '{"id":1,"of":1,"type":"Artist"}', '[2]': '{"id":2,"of":1,"type":"Album"}' },
    }
    const world = worldOf({ artist, tag })
    expect(after(world, settle(world), 'tag')).toEqual([
      '{"id":1,"of":100,"type":"Artist"}',
      '{"id":2,"of":1,"type":"Album"}',
    ])
  })

  test('follows itself in a circle, and a boss of its own table', () => {
    const a: Given = {
      references: [{ fields: ['b'], to: 'b', toFields: ['id'] }],
      live: { '[1]': '{"b":1,"id":1,"n":"mine"}' },
      theirs: { '[1]': '{"b":1,"id":1,"n":"yours"}' },
      loses: ['[1]'],
    }
    const b: Given = {
      references: [
        { fields: ['a'], to: 'a', toFields: ['id'] },
        { fields: ['boss'], to: 'b', toFields: ['id'] },
      ],
      live: { '[1]': '{"a":1,"boss":1,"id":1}' },
      theirs: { '[1]': '{"a":1,"boss":1,"id":1}' },
    }
    const world = worldOf({ a, b })
    const settled = settle(world)
    expect(after(world, settled, 'a')).toEqual(['{"b":1,"id":1,"n":"yours"}', '{"b":200,"id":100,"n":"mine"}'])
    expect(after(world, settled, 'b')).toEqual(['{"a":1,"boss":1,"id":1}', '{"a":100,"boss":200,"id":200}'])
  })

  test('a composite reference follows, and a number in a column of text stays text', () => {
    const item: Given = {
      key: ['artist', 'no'],
      serialKey: false,
      references: toArtist,
      live: { '["1",5]': '{"artist":"1","no":5}' },
    }
    const part: Given = {
      references: [{ fields: ['of', 'no'], to: 'item', toFields: ['artist', 'no'] }],
      live: { '[3]': '{"id":3,"no":5,"of":"1"}' },
    }
    const world = worldOf({ artist, item, part })
    const settled = settle(world)
    expect(after(world, settled, 'item')).toEqual(['{"artist":"100","no":5}'])
    expect(after(world, settled, 'part')).toEqual(['{"id":3,"no":5,"of":"100"}'])
  })
})

describe('a record that got several numbers', () => {
  const place = (id: number, n = 'blue'): RecordUnderKey => ({
    name: `${id} ${n}`,
    key: `[${id}]`,
    record: `{"id":${id}}`,
  })

  test('is one record under all of them, also where one of these was lost as well', () => {
    const renumbered = renumberedRecords([
      { from: place(13), to: place(15) },
      { from: place(12, 'green'), to: place(14, 'green') },
      { from: place(12), to: place(13) },
      { from: place(12), to: place(16) },
    ])
    expect(renumbered).toHaveLength(2)
    expect(renumbered).toContainEqual({ added: place(12), places: [place(13), place(15), place(16)] })
    expect(renumbered).toContainEqual({ added: place(12, 'green'), places: [place(14, 'green')] })
  })
})
