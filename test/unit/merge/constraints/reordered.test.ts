/** Cards with unique positions that both machines reorder, add, delete and bring back: no card that existed before is ever removed, and both machines end alike. */
import { type Arbitrary, array, assert, constantFrom, integer, property, record } from 'fast-check'
import { expect, test, vi } from 'vitest'
import { mergeCollection } from '../../../../src/merge/collection.ts'
import { makeSound } from '../../../../src/merge/constraints/sound.ts'
import type { CollectionSchema } from '../../../../src/model/collection.ts'
import type { WriterStamp } from '../../../../src/model/rules.ts'
import { rulesWith } from '../rules.ts'

vi.setConfig({ testTimeout: 60_000 })

const CARDS: CollectionSchema = {
  name: 'cards',
  fields: [],
  key: ['id'],
  uniques: [['pos']],
  references: [],
  order: 'sorted',
}

type Cards = ReadonlyMap<string, string>

const card = (id: string, pos: number, text = ''): string => `{"id":"${id}","pos":${pos},"text":"${text}"}`

const START: Cards = new Map([1, 2, 3, 4, 5, 6].map((n) => [`["c${n}"]`, card(`c${n}`, n)]))

interface Step {
  readonly kind: 'swap' | 'rotate' | 'add' | 'delete' | 'edit' | 'bring-back'
  readonly at: number
  readonly to: number
}

/** Cards that were deleted before the sides parted, and that a machine brings back with what it has of an older line. */
const earlier = (by: string): string[] => ['1', '2'].map((n) => `old${by}${n}`)

const steps: Arbitrary<Step[]> = array(
  record({
    kind: constantFrom('swap', 'swap', 'rotate', 'add', 'delete', 'edit', 'bring-back'),
    at: integer({ min: 0, max: 7 }),
    to: integer({ min: 0, max: 7 }),
  }),
  { minLength: 1, maxLength: 6 },
)

interface Player {
  /** Names new cards. */
  readonly by: string
  readonly bringsBack: boolean
}

/** Plays the steps on one machine, whose positions stay unique. */
function played(list: readonly Step[], { by, bringsBack }: Player): Cards {
  const order: (string | undefined)[] = [...START.keys()].map((key) => key.slice(2, -2))
  const texts = new Map<string, string>()
  const old = bringsBack ? earlier(by) : []
  for (const [n, { kind, at, to }] of list.entries()) {
    const [i, j] = [at % order.length, to % order.length]
    if (kind === 'swap') [order[i], order[j]] = [order[j], order[i]]
    else if (kind === 'rotate') order.splice(j, 0, ...order.splice(i, 1))
    else if (kind === 'add') order.push(`${by}${n}`)
    else if (kind === 'bring-back') order.splice(i, 0, ...old.splice(0, 1))
    else if (kind === 'delete') order[i] = undefined
    else texts.set(order[i] ?? '', `${by}${n}`)
  }
  const cards = order.flatMap((id, i) =>
    id === undefined ? [] : [[`["${id}"]`, card(id, i + 1, texts.get(id))] as const],
  )
  return new Map(cards)
}

const STAMPS = { a: { asset: 'a', since: 100, at: 200 }, b: { asset: 'b', since: 100, at: 300 } }

function mergedBy(mine: 'a' | 'b', sides: Readonly<Record<'a' | 'b', Cards>>): Map<string, string> {
  const other = mine === 'a' ? 'b' : 'a'
  const rules = rulesWith({ collection: 'cards' })
  const [ours, theirs] = [sides[mine], sides[other]]
  const stamps = { ours: STAMPS[mine], theirs: STAMPS[other] }
  const { changes } = mergeCollection({ base: START, ours, theirs, rules, stampsOf: () => stamps })
  const committed = (key: string): WriterStamp =>
    theirs.get(key) === START.get(key) ? { asset: '', since: 0, at: 1 } : STAMPS[other]
  const added = [...ours.keys(), ...theirs.keys()].filter((key) => !START.has(key))
  const known = new Map(added.map((key) => [key, key.includes('old') ? card(key.slice(2, -2), 1) : undefined]))
  const past = { theirs, former: [START], lines: [], earlier: known, committed, uncommitted: STAMPS[mine] }
  const parts = new Map([['cards', { rules, ours, changes, past }]])
  const sound = makeSound({ parts, schemas: new Map([['cards', CARDS]]) })
  if ('records' in sound) throw new Error('nothing is left to be read')
  const after = new Map(ours)
  for (const { key, after: text } of sound.changes.get('cards') ?? [])
    if (text === undefined) after.delete(key)
    else after.set(key, text)
  return after
}

/** Both machines' cards, which are the same. */
function mergedByBoth(sides: Readonly<Record<'a' | 'b', Cards>>): Map<string, string> {
  const [here, there] = [mergedBy('a', sides), mergedBy('b', sides)]
  expect(Object.fromEntries(there)).toEqual(Object.fromEntries(here))
  const positions = [...here.values()].map((text) => /"pos":(\d+)/.exec(text)?.[1])
  expect(new Set(positions).size).toBe(positions.length)
  const kept = [...START.keys()].filter((key) => sides.a.has(key) && sides.b.has(key))
  expect([...here.keys()]).toEqual(expect.arrayContaining(kept))
  return here
}

test('a card that was there before is removed only by whoever deletes it, and both machines end with the same unique positions', () => {
  assert(
    property(steps, steps, (first, second) => {
      mergedByBoth({
        a: played(first, { by: 'a', bringsBack: false }),
        b: played(second, { by: 'b', bringsBack: false }),
      })
    }),
    { numRuns: 1500 },
  )
})

test('nor is a card removed that one machine brought back, wherever the other moved its own cards meanwhile', () => {
  assert(
    property(steps, steps, (first, second) => {
      // a card that one deletes and the other moves is one more than there are places for
      const moving = first.filter(({ kind }) => kind !== 'delete')
      const sides = {
        a: played(moving, { by: 'a', bringsBack: true }),
        b: played(second, { by: 'b', bringsBack: false }),
      }
      const back = [...sides.a.keys()].filter((key) => key.includes('old'))
      expect([...mergedByBoth(sides).keys()]).toEqual(expect.arrayContaining(back))
    }),
    { numRuns: 1500 },
  )
})

test('where both brought back cards, both end alike, and what neither deleted stays', () => {
  assert(
    property(steps, steps, (first, second) => {
      mergedByBoth({
        a: played(first, { by: 'a', bringsBack: true }),
        b: played(second, { by: 'b', bringsBack: true }),
      })
    }),
    { numRuns: 1500 },
  )
})
