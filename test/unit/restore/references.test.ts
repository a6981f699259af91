/** What a restore means for foreign keys: parents come back with their children, however far up, and nothing is left referring to what goes. */
import { describe, expect, test } from 'vitest'
import type { CollectionSchema, Reference } from '../../../src/model/collection.ts'
import { settleReferences, type ReferencesAnswer } from '../../../src/restore/references.ts'

type Records = Readonly<Record<string, string>>
type Tables = Readonly<Record<string, Records>>

interface Scene {
  /** The database as it would be. */
  readonly result?: Tables
  /** What the commit has. */
  readonly exported?: Tables
  readonly written?: Readonly<Record<string, readonly string[]>>
  readonly removed?: Tables
}

function schemaOf(name: string, ...references: readonly Reference[]): CollectionSchema {
  return { name, fields: [], key: ['id'], uniques: [], references, order: 'sorted' }
}

function to(collection: string, field: string, toFields: readonly string[] = ['id']): Reference {
  return { fields: [field], to: collection, toFields }
}

const SCHEMAS = [
  schemaOf('artists'),
  schemaOf('albums', to('artists', 'artist')),
  schemaOf('tracks', to('albums', 'album'), to('genres', 'genre', ['code'])),
  schemaOf('genres'),
  schemaOf('staff', to('staff', 'boss')),
  schemaOf('left', to('right', 'right')),
  schemaOf('right', to('left', 'left')),
]

const keyed = (records: Records): Map<string, string> =>
  new Map(Object.entries(records).map(([id, text]) => [`[${id}]`, text]))

function mapsOf(tables: Tables): Map<string, Map<string, string>> {
  return new Map(SCHEMAS.map(({ name }) => [name, keyed(tables[name] ?? {})]))
}

/** The answer, and every collection's keys as they are then. */
function settle(scene: Scene): ReferencesAnswer & { readonly keys: Readonly<Record<string, readonly string[]>> } {
  const result = mapsOf(scene.result ?? {})
  const written = new Map(Object.entries(scene.written ?? {}).map(([name, keys]) => [name, new Set(keys)]))
  const [exported, removed] = [mapsOf(scene.exported ?? {}), mapsOf(scene.removed ?? {})]
  const answer = settleReferences({ schemas: SCHEMAS, result, exported, written, removed })
  const filled = [...result].filter(([, records]) => records.size > 0)
  return {
    ...answer,
    keys: Object.fromEntries(filled.map(([name, records]) => [name, [...records.keys()].toSorted()])),
  }
}

test('where nothing is written and nothing goes, nothing is wrong', () => {
  expect(settle({})).toEqual({ parents: [], problems: [], keys: {} })
})

describe('a restored record', () => {
  test('whose parent is there takes nothing along', () => {
    const answer = settle({
      result: { artists: { 1: '{"id":1}' }, albums: { 2: '{"artist":1,"id":2}' } },
      exported: { artists: { 1: '{"id":1,"name":"as it was"}' } },
      written: { albums: ['[2]'] },
    })
    expect(answer).toEqual({ parents: [], problems: [], keys: { artists: ['[1]'], albums: ['[2]'] } })
  })

  test('brings its parent back, and that one its own', () => {
    const answer = settle({
      result: { tracks: { 3: '{"album":2,"id":3}' } },
      exported: { artists: { 1: '{"id":1}' }, albums: { 2: '{"artist":1,"id":2}', 9: '{"artist":1,"id":9}' } },
      written: { tracks: ['[3]'] },
    })
    expect(answer.parents).toEqual([
      { collection: 'albums', key: '[2]', child: 'tracks [3]' },
      { collection: 'artists', key: '[1]', child: 'albums [2]' },
    ])
    expect(answer.problems).toEqual([])
    expect(answer.keys).toEqual({ tracks: ['[3]'], albums: ['[2]'], artists: ['[1]'] })
  })

  test('brings a parent back that it names by another field than the key', () => {
    const answer = settle({
      result: { tracks: { 3: '{"genre":"jazz","id":3}' } },
      exported: { genres: { 7: '{"code":"jazz","id":7}', 8: '{"code":"rock","id":8}' } },
      written: { tracks: ['[3]'] },
    })
    expect(answer.parents).toEqual([{ collection: 'genres', key: '[7]', child: 'tracks [3]' }])
    expect(answer.keys['genres']).toEqual(['[7]'])
  })

  test('brings a parent back once, however many refer to it', () => {
    const answer = settle({
      result: { albums: { 2: '{"artist":1,"id":2}', 3: '{"artist":1,"id":3}' } },
      exported: { artists: { 1: '{"id":1}' } },
      written: { albums: ['[2]', '[3]'] },
    })
    expect(answer.parents).toHaveLength(1)
    expect(answer.problems).toEqual([])
  })

  test.each([
    ['absent', '{"id":2}'],
    ['null', '{"artist":null,"id":2}'],
  ])('whose reference is %s needs no parent', (_what, text) => {
    expect(settle({ result: { albums: { 2: text } }, written: { albums: ['[2]'] } })).toMatchObject({
      parents: [],
      problems: [],
    })
  })

  test('whose parent is nowhere cannot come back, and it is said what it refers to', () => {
    const answer = settle({ result: { albums: { 2: '{"artist":1,"id":2}' } }, written: { albums: ['[2]'] } })
    expect(answer).toMatchObject({
      parents: [],
      problems: ['albums [2] refers to artists (id) [1], which neither the database nor that commit has'],
    })
  })

  test('whose parent the commit did not have either comes back without one', () => {
    const lone = { 2: '{"artist":1,"id":2}' }
    const answer = settle({
      result: { albums: lone },
      exported: { albums: lone, artists: { 9: '{"id":9}' } },
      written: { albums: ['[2]'] },
    })
    expect(answer).toMatchObject({ parents: [], problems: [] })
  })

  test('whose parent comes back without its own parent is told by that parent', () => {
    const answer = settle({
      result: { tracks: { 3: '{"album":2,"id":3}' } },
      exported: { albums: { 2: '{"artist":1,"id":2}' } },
      written: { tracks: ['[3]'] },
    })
    expect(answer.problems).toEqual([
      'albums [2] refers to artists (id) [1], which neither the database nor that commit has',
    ])
  })

  test('that is gone again in the result needs no parent', () => {
    expect(settle({ written: { albums: ['[2]'] } })).toEqual({ parents: [], problems: [], keys: {} })
  })
})

describe('references in a circle', () => {
  test('a record that refers to itself needs nobody', () => {
    const answer = settle({ result: { staff: { 1: '{"boss":1,"id":1}' } }, written: { staff: ['[1]'] } })
    expect(answer).toMatchObject({ parents: [], problems: [] })
  })

  test('a collection that refers to itself gives back all that stand above', () => {
    const answer = settle({
      result: { staff: { 3: '{"boss":2,"id":3}' } },
      exported: { staff: { 1: '{"boss":1,"id":1}', 2: '{"boss":1,"id":2}', 4: '{"boss":1,"id":4}' } },
      written: { staff: ['[3]'] },
    })
    expect(answer.problems).toEqual([])
    expect(answer.keys['staff']).toEqual(['[1]', '[2]', '[3]'])
  })

  test('two that need each other both come back, and it ends', () => {
    const answer = settle({
      result: { left: { 1: '{"id":1,"right":1}' } },
      exported: { left: { 1: '{"id":1,"right":1}' }, right: { 1: '{"id":1,"left":1}' } },
      written: { left: ['[1]'] },
    })
    expect(answer.parents).toEqual([{ collection: 'right', key: '[1]', child: 'left [1]' }])
    expect(answer.problems).toEqual([])
  })
})

describe('a record that goes', () => {
  test('may not while another refers to it', () => {
    const answer = settle({
      result: { albums: { 2: '{"artist":1,"id":2}', 3: '{"artist":5,"id":3}' }, artists: { 5: '{"id":5}' } },
      removed: { artists: { 1: '{"id":1}' } },
    })
    expect(answer.problems).toEqual(['albums [2] refers to artists [1], which that commit does not have'])
  })

  test('may when those that refer to it go as well, or refer to nobody any more', () => {
    const answer = settle({
      result: { albums: { 3: '{"id":3}' } },
      removed: { artists: { 1: '{"id":1}' }, albums: { 2: '{"artist":1,"id":2}' } },
    })
    expect(answer.problems).toEqual([])
  })

  test('may although it refers to itself', () => {
    expect(settle({ removed: { staff: { 1: '{"boss":1,"id":1}' } } }).problems).toEqual([])
  })

  test('may not while another of its own collection refers to it', () => {
    const answer = settle({
      result: { staff: { 2: '{"boss":1,"id":2}' } },
      removed: { staff: { 1: '{"boss":1,"id":1}' } },
    })
    expect(answer.problems).toEqual(['staff [2] refers to staff [1], which that commit does not have'])
  })
})
