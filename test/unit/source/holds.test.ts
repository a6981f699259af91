/** What a held collection takes along: everything that foreign keys tie to it, however far and in whichever direction, and nothing else. */
import { describe, expect, test } from 'vitest'
import type { Selection } from '../../../src/model/collection.ts'
import { groupWords, heldGroups, holdPartners, type Holds, type Movement } from '../../../src/source/holds.ts'

/** Collections by name, each with those that it refers to. */
function selections(ties: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, Selection> {
  return new Map(
    Object.entries(ties).map(([name, parents]) => {
      const references = parents.map((to) => ({ fields: [`${to}_id`], to, toFields: ['id'] }))
      const schema = { name, fields: [], key: ['id'], uniques: [], references, order: 'sorted' } as const
      return [name, { schema, omit: [], derived: [] }]
    }),
  )
}

function heldWith(held: readonly string[], ties: Readonly<Record<string, readonly string[]>>): Holds {
  const holds: Holds = new Map(held.map((name) => [name, 'its own reason']))
  holdPartners(holds, selections(ties))
  return holds
}

const names = (holds: Holds): string[] => [...holds.keys()].toSorted()

test('where nothing is held, nothing becomes so', () => {
  expect(heldWith([], { a: ['b'], b: [] }).size).toBe(0)
  expect(heldWith([], {}).size).toBe(0)
})

test('a parent takes its children, and a child its parents', () => {
  expect(names(heldWith(['albums'], { albums: [], tracks: ['albums'], genres: [] }))).toEqual(['albums', 'tracks'])
  expect(names(heldWith(['tracks'], { albums: [], tracks: ['albums'], genres: [] }))).toEqual(['albums', 'tracks'])
})

test('each says to whom it is tied, and a reason that was there stays', () => {
  const holds = heldWith(['tracks'], { artists: [], albums: ['artists'], tracks: ['albums'] })
  expect(holds).toEqual(
    new Map([
      ['tracks', 'its own reason'],
      ['albums', 'tied by a foreign key to tracks, which is held'],
      ['artists', 'tied by a foreign key to albums, which is held'],
    ]),
  )
})

test('two that are held for reasons of their own keep both', () => {
  const holds = heldWith(['albums', 'tracks'], { albums: [], tracks: ['albums'] })
  expect([...holds.values()]).toEqual(['its own reason', 'its own reason'])
})

describe('however far:', () => {
  const chain = Array.from({ length: 30 }, (_, i) => `c${i}`)
  const up = Object.fromEntries(chain.map((name, i) => [name, i === 0 ? [] : [`c${i - 1}`]]))
  const down = Object.fromEntries(Object.entries(up).toReversed())

  test.each([
    ['from the top of a chain', 'c0', up],
    ['from its end', 'c29', up],
    ['from its middle', 'c15', up],
    ['in whichever order they are listed', 'c0', down],
  ])('%s', (_where, first, ties) => {
    expect(names(heldWith([first], { ...ties, alone: [] }))).toEqual(chain.toSorted())
  })

  test('by way of a parent that two children share, and of a child that two parents share', () => {
    const ties = { users: [], posts: ['users'], logins: ['users'], tags: [], tagged: ['posts', 'tags'] }
    expect(names(heldWith(['logins'], ties))).toEqual(Object.keys(ties).toSorted())
  })
})

test('references in a circle come to an end', () => {
  const ties = { a: ['b'], b: ['c'], c: ['a'], d: ['d'] }
  expect(names(heldWith(['b'], ties))).toEqual(['a', 'b', 'c'])
})

test('a collection that refers to itself alone takes nobody along, and keeps its reason', () => {
  expect(heldWith(['staff'], { staff: ['staff'], other: [] })).toEqual(new Map([['staff', 'its own reason']]))
})

test('what only the configuration ties is held as well, and says so', () => {
  const holds: Holds = new Map([['places', 'its own reason']])
  const tie = { child: 'visits', parent: 'places', fields: ['id'], isConfigured: true } as const
  holdPartners(holds, selections({ places: [], visits: [], hits: ['visits'] }), {
    names: new Set(),
    moving: new Map(),
    further: [tie],
  })
  expect(holds).toEqual(
    new Map([
      ['places', 'its own reason'],
      ['visits', 'tied by a reference to places, which is held'],
      ['hits', 'tied by a foreign key to visits, which is held'],
    ]),
  )
})

describe('a remodelled collection holds only what has to wait:', () => {
  const SHOP = {
    shippers: [],
    orders: ['shippers', 'customers'],
    lines: ['orders', 'products'],
    customers: [],
    products: [],
  }

  const moves = (leaves: boolean): Movement => ({ any: true, leaves: () => leaves })

  function around(name: string, moving: Readonly<Record<string, Movement>>): string[] {
    const holds: Holds = new Map([[name, 'renamed']])
    const narrow = { names: new Set([name]), moving: new Map(Object.entries(moving)) }
    holdPartners(holds, selections(SHOP), narrow)
    const once = names(holds)
    // asked again with what is held already, it adds nothing
    holdPartners(holds, selections(SHOP), narrow)
    expect(names(holds)).toEqual(once)
    return once
  }

  test('nothing where nothing changes', () => {
    expect(around('shippers', {})).toEqual(['shippers'])
  })

  test('children that change, however far, and no parent that only gains records', () => {
    expect(around('shippers', { orders: moves(false), customers: moves(false) })).toEqual(['orders', 'shippers'])
    expect(around('shippers', { orders: moves(false), lines: moves(false), products: moves(false) })).toEqual([
      'lines',
      'orders',
      'shippers',
    ])
    expect(around('shippers', { lines: moves(false) })).toEqual(['shippers'])
  })

  test('a parent of which a record goes', () => {
    expect(around('orders', { customers: moves(true), shippers: moves(false) })).toEqual(['customers', 'orders'])
  })

  test('and everything where another one is held besides', () => {
    const holds: Holds = new Map([
      ['shippers', 'renamed'],
      ['products', 'guard'],
    ])
    holdPartners(holds, selections(SHOP), { names: new Set(['shippers']), moving: new Map() })
    expect(names(holds)).toEqual(Object.keys(SHOP).toSorted())
  })
})

describe('one hold is one line:', () => {
  test('the cause first, then how many more it holds', () => {
    const holds = heldWith(['tracks', 'tags'], { artists: [], albums: ['artists'], tracks: ['albums'], tags: [] })
    const groups = heldGroups(new Map([...holds].toReversed()))
    expect(groups.map(({ name }) => name).toSorted()).toEqual(['tags', 'tracks'])
    const [group] = groups.filter(({ name }) => name === 'tracks')
    expect(group && groupWords(group)).toBe('tracks holds 2 more tables (foreign keys): artists, albums')
    expect(groupWords({ name: 'tags', reason: '', tied: [] })).toBeUndefined()
    expect(groupWords({ name: 'a', reason: '', tied: ['b'] })).toBe('a holds 1 more table (foreign keys): b')
    expect(groupWords({ name: 'a', reason: '', tied: ['b', 'c', 'd', 'e'] })).toBe(
      'a holds 4 more tables (foreign keys): b, c, d …',
    )
  })

  test('nothing is lost of a circle, or of a cause that is gone', () => {
    const circle = new Map([
      ['a', 'tied by a foreign key to b, which is held'],
      ['b', 'tied by a foreign key to a, which is held'],
      ['c', 'refers to gone, which is held'],
    ])
    expect(
      heldGroups(circle)
        .flatMap(({ name, tied }) => [name, ...tied])
        .toSorted(),
    ).toEqual(['a', 'b', 'c'])
  })
})
