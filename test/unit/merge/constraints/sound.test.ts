/** Laws of the step that makes merged records sound, over random pairs of sides that each keep every constraint. */
import { array, assert, constantFrom, integer, nat, property, tuple, type Arbitrary } from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { mergeCollection } from '../../../../src/merge/collection.ts'
import type { MergedPart } from '../../../../src/merge/constraints/draft.ts'
import { makeSound, type Sound } from '../../../../src/merge/constraints/sound.ts'
import { withholdingOf } from '../../../../src/merge/constraints/withhold.ts'
import { findViolations } from '../../../../src/merge/constraints/violations.ts'
import type { CollectionSchema } from '../../../../src/model/collection.ts'
import type { WriterStamp } from '../../../../src/model/rules.ts'
import { rulesWith } from '../rules.ts'

// a machine that does much else takes its time
vi.setConfig({ testTimeout: 60_000 })

type Records = ReadonlyMap<string, string>
type Tables = ReadonlyMap<string, Records>
type Side = 'a' | 'b'

function schemaOf(overrides: Partial<CollectionSchema> & Pick<CollectionSchema, 'name'>): CollectionSchema {
  return { fields: [], key: ['id'], uniques: [], references: [], order: 'sorted', ...overrides }
}

const SCHEMAS = new Map(
  [
    schemaOf({ name: 'teams', uniques: [['name']], references: [{ fields: ['lead'], to: 'users', toFields: ['id'] }] }),
    schemaOf({
      name: 'users',
      uniques: [['email'], ['nick', 'team']],
      references: [
        { fields: ['team'], to: 'teams', toFields: ['id'] },
        { fields: ['boss'], to: 'users', toFields: ['email'] },
      ],
    }),
  ].map((schema) => [schema.name, schema]),
)

const WRITERS: Readonly<Record<Side, WriterStamp>> = {
  a: { asset: 'a', since: 100, at: 200 },
  b: { asset: 'b', since: 100, at: 300 },
}
const NOBODY: WriterStamp = { asset: '', since: 0, at: 1 }

interface Step {
  readonly table: 'teams' | 'users'
  readonly key: number
  readonly field: 'delete' | 'name' | 'lead' | 'email' | 'nick' | 'team' | 'boss'
  readonly value: number
}

/** Weighted towards what clashes. */
const WHAT: readonly Pick<Step, 'table' | 'field'>[] = [
  ...(['delete', 'name', 'lead'] as const).map((field) => ({ table: 'teams' as const, field })),
  ...(['delete', 'email', 'email', 'nick', 'team', 'team', 'boss'] as const).map((field) => ({
    table: 'users' as const,
    field,
  })),
]

const steps = (least: number, most: number): Arbitrary<Step[]> => {
  const number = integer({ min: 1, max: 5 })
  const step = tuple(constantFrom(...WHAT), number, number)
  const list = array(step, { minLength: least, maxLength: most })
  return list.map((all) => all.map(([what, key, value]) => ({ ...what, key, value })))
}

/** Applies the steps that leave every constraint kept; `by` stands in all that is written, so that no two sides write the same by chance. */
function played(start: Tables, list: readonly Step[], by: string): Tables {
  let tables = start
  for (const step of list) {
    const next = new Map([...tables].map(([name, records]) => [name, new Map(records)]))
    play(next.get(step.table) as Map<string, string>, step, by)
    if (violationsIn(next).length === 0) tables = next
  }
  return tables
}

function play(records: Map<string, string>, { key, field, value }: Step, by: string): void {
  const id = `[${key}]`
  if (field === 'delete') return void records.delete(id)
  const fields = JSON.parse(records.get(id) ?? '{}') as Record<string, unknown>
  const values = {
    name: `n${value}`,
    lead: value,
    email: `e${value}`,
    nick: `k${value}`,
    team: value,
    boss: `e${value}`,
  }
  const written: Record<string, unknown> = { ...fields, id: key, by, [field]: values[field] }
  records.set(
    id,
    JSON.stringify(
      Object.fromEntries(
        Object.keys(written)
          .sort()
          .map((name) => [name, written[name]]),
      ),
    ),
  )
}

function violationsIn(tables: Tables): unknown[] {
  const merged = [...tables].map(([name, records]) => {
    const schema = SCHEMAS.get(name) as CollectionSchema
    return [name, { schema, records }] as const
  })
  return findViolations(new Map(merged))
}

const START: Tables = new Map([
  ['teams', new Map([1, 2, 3].map((id) => [`[${id}]`, `{"by":"base","id":${id},"name":"n${id}"}`]))],
  [
    'users',
    new Map(
      [1, 2, 3].map((id) => [`[${id}]`, `{"boss":"e${id}","by":"base","email":"e${id}","id":${id},"team":${id}}`]),
    ),
  ],
])

interface Case {
  readonly base: Tables
  readonly a: Tables
  readonly b: Tables
}

const cases: Arbitrary<Case> = tuple(steps(2, 4), steps(5, 9), steps(5, 9)).map(([first, ours, theirs]) => {
  const base = played(START, first, 'base')
  return { base, a: played(base, ours, 'a'), b: played(base, theirs, 'b') }
})

interface Result {
  readonly merged: Tables
  readonly final: Tables
  readonly sound: Sound
}

/** How a machine meets the other's records: its own are only in its live database, or git has united both sides' commits. */
type Meeting = 'live' | 'united'

/** What the machine of `ours` makes of both sides: only what it is asked for is given, as when reading costs. */
function soundFor(sides: Case, ours: Side, meeting: Meeting = 'live'): Result {
  const merged = new Map<string, Records>()
  const all = new Map<string, MergedPart>()
  for (const name of SCHEMAS.keys()) {
    const met = meet(sides, { name, ours, meeting })
    merged.set(name, met.merged)
    all.set(name, met.part)
  }
  const sound = asking(all)
  const final = [...merged.keys()].map((name) => {
    const records = new Map(of(sides[ours], name))
    for (const { key, after } of sound.changes.get(name) ?? [])
      if (after === undefined) records.delete(key)
      else records.set(key, after)
    return [name, records] as const
  })
  return { merged, final: new Map(final), sound }
}

function meet(
  sides: Case,
  { name, ours, meeting }: { readonly name: string; readonly ours: Side; readonly meeting: Meeting },
): { readonly merged: Records; readonly part: MergedPart } {
  const other = ours === 'a' ? 'b' : 'a'
  const rules = rulesWith({ collection: name })
  const [base, mine, yours] = [of(sides.base, name), of(sides[ours], name), of(sides[other], name)]
  const stamps = { ours: WRITERS[ours], theirs: WRITERS[other] }
  const live = mergeCollection({ base, ours: mine, theirs: yours, rules, stampsOf: () => stamps })
  const touched = (side: Records, key: string): boolean => side.get(key) !== base.get(key)
  if (meeting === 'live') {
    const committed = (key: string): WriterStamp => (touched(yours, key) ? WRITERS[other] : NOBODY)
    const past = { theirs: yours, former: [base], lines: [], committed, uncommitted: WRITERS[ours] }
    return { merged: live.merged, part: { rules, ours: mine, changes: live.changes, past } }
  }
  const united = mergeCollection({ base: mine, ours: mine, theirs: live.merged, rules, stampsOf: () => stamps })
  const committed = (key: string, text: string): WriterStamp => {
    if (text === of(sides.a, name).get(key)) return WRITERS.a
    if (touched(of(sides.b, name), key)) return WRITERS.b
    return touched(of(sides.a, name), key) ? WRITERS.a : NOBODY
  }
  const past = { theirs: live.merged, former: [mine, base], lines: [mine, yours], committed, uncommitted: NOBODY }
  return { merged: united.merged, part: { rules, ours: mine, changes: united.changes, past } }
}

function of(tables: Tables, name: string): Records {
  return tables.get(name) ?? new Map()
}

function asking(all: ReadonlyMap<string, MergedPart>): Sound {
  const parts = new Map<string, MergedPart>()
  for (const [name, part] of all) if (part.changes.length > 0) parts.set(name, { ...part, past: undefined })
  for (let round = 0; round < 10; round++) {
    const sound = makeSound({ parts, schemas: SCHEMAS })
    if (!('records' in sound)) return sound
    for (const name of sound.records) parts.set(name, { ...(all.get(name) as MergedPart), past: undefined })
    for (const name of sound.pasts) parts.set(name, all.get(name) as MergedPart)
    for (const [name, keys] of sound.earlier) tellEarlier(parts, name, keys)
  }
  throw new Error('asked for the same again and again')
}

/** No record was there at an earlier time. */
function tellEarlier(parts: Map<string, MergedPart>, name: string, keys: ReadonlySet<string>): void {
  const part = parts.get(name) as MergedPart
  const past = part.past as NonNullable<MergedPart['past']>
  const earlier = new Map([...(past.earlier ?? []), ...[...keys].map((key) => [key, undefined] as const)])
  parts.set(name, { ...part, past: { ...past, earlier } })
}

const listed = (tables: Tables): unknown =>
  [...tables].map(([name, records]) => [name, [...records].sort(([a], [b]) => (a < b ? -1 : 1))])

describe('merged records that are made sound', () => {
  test('keep every unique and foreign key', () => {
    assert(
      property(cases, (sides) => {
        expect(violationsIn(soundFor(sides, 'a').final)).toEqual([])
      }),
      { numRuns: 100 },
    )
  })

  test('are the same on both machines, whether they meet live or united by git, and so is what is quarantined', () => {
    assert(
      property(cases, (sides) => {
        const here = soundFor(sides, 'a')
        for (const there of [soundFor(sides, 'b'), soundFor(sides, 'a', 'united'), soundFor(sides, 'b', 'united')]) {
          expect(listed(there.final)).toEqual(listed(here.final))
          expect(there.sound.quarantined).toEqual(here.sound.quarantined)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('differ from the plain merge only in what a decision tells with the value that was lost, and nothing vanishes', () => {
    assert(
      property(cases, (sides) => {
        const { merged, final, sound } = soundFor(sides, 'a')
        for (const [name, records] of merged)
          for (const key of new Set([...records.keys(), ...of(final, name).keys()])) {
            const [before, after] = [records.get(key), of(final, name).get(key)]
            if (before === after) continue
            expect(sound.decisions).toContainEqual(
              expect.objectContaining({ collection: name, key, kind: 'constraint' }),
            )
            if (before === undefined || after !== undefined) continue
            expect(sound.quarantined.map((each) => [each.collection, each.key])).toContainEqual([name, key])
          }
      }),
      { numRuns: 100 },
    )
  })

  test('are left alone when they are sound', () => {
    assert(
      property(cases, (sides) => {
        const { merged, final, sound } = soundFor(sides, 'a')
        if (violationsIn(merged).length > 0) return
        expect(listed(final)).toEqual(listed(merged))
        expect(sound.decisions).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})

test('what cannot be written without the records that a database refuses stays too, and nothing else: the rest is sound', () => {
  assert(
    property(cases, array(nat(), { minLength: 1, maxLength: 3 }), (sides, picks) => {
      const { sound } = soundFor(sides, 'a')
      const all = [...sound.changes].flatMap(([name, list]) => list.map(({ key }) => [name, key] as const))
      if (all.length === 0) return
      const refused = new Map<string, Set<string>>()
      for (const pick of picks) {
        const [name, key] = all[pick % all.length] as (typeof all)[number]
        refused.set(name, (refused.get(name) ?? new Set()).add(key))
      }
      const parts = [...SCHEMAS.keys()].map((name) => {
        const changes = sound.changes.get(name) ?? []
        return [name, { rules: rulesWith({ collection: name }), ours: of(sides.a, name), changes }] as const
      })
      const staying = withholdingOf({ parts: new Map(parts), schemas: SCHEMAS }, refused)
      for (const [name, keys] of refused) for (const key of keys) expect(staying.get(name)?.has(key)).toBe(true)
      const written = parts.map(([name, { ours, changes }]) => {
        const records = new Map(ours)
        for (const { key, after } of changes)
          if (staying.get(name)?.has(key) === true) continue
          else if (after === undefined) records.delete(key)
          else records.set(key, after)
        return [name, records] as const
      })
      expect(violationsIn(new Map(written))).toEqual([])
    }),
    { numRuns: 100 },
  )
})

test('a refused record takes along its children, who would take what it does not give up, and nobody else', () => {
  const ours = new Map([['[1]', '{"email":"e1","id":1}']])
  const changes = [
    { key: '[1]', before: '{"email":"e1","id":1}', after: '{"email":"e9","id":1}' },
    { key: '[2]', before: undefined, after: '{"email":"e1","id":2}' },
    { key: '[3]', before: undefined, after: '{"email":"e3","id":3,"boss":"e1"}' },
    { key: '[4]', before: undefined, after: '{"email":"e4","id":4,"boss":"e9"}' },
    { key: '[5]', before: undefined, after: '{"email":"e5","id":5}' },
  ]
  const parts = new Map([['users', { rules: rulesWith({ collection: 'users' }), ours, changes }]])
  const staying = withholdingOf({ parts, schemas: SCHEMAS }, new Map([['users', new Set(['[1]'])]]))
  expect([...(staying.get('users') ?? [])].sort()).toEqual(['[1]', '[2]', '[4]'])
})

test.each(['[1]', '[2]'])(
  'a record that changes its key stays whole when the database refuses %s: neither twice nor gone',
  (refused) => {
    const [mine, theirs] = ['{"email":"e1","id":1}', '{"email":"e8","id":1}']
    const changes = [
      { key: '[1]', before: mine, after: theirs, reassigned: true as const },
      { key: '[2]', before: undefined, after: '{"email":"e1","id":2}', from: '[1]' },
    ]
    const parts = new Map([
      ['users', { rules: rulesWith({ collection: 'users' }), ours: new Map([['[1]', mine]]), changes }],
    ])
    const staying = withholdingOf({ parts, schemas: SCHEMAS }, new Map([['users', new Set([refused])]]))
    expect([...(staying.get('users') ?? [])].sort()).toEqual(['[1]', '[2]'])
  },
)
