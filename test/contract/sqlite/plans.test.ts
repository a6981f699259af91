/** Random plans on SQLite against a model: what is applied is there, what is stale changes nothing, and filling an empty table gives the same as changes do. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RecordText, keyOf, splitObject } from '../../../src/model/canonical.ts'
import type { Change } from '../../../src/model/change.ts'
import { planOf, recordsOf, selectionOf } from '../scene.ts'
import { withFile, type Scene } from './scene.ts'

/** Tables whose rows are found in different ways: by rowid, by an index with a collation, without a rowid, by two fields, and by a field without an index. */
const TABLES = {
  'a rowid': 'CREATE TABLE t (k INTEGER PRIMARY KEY, u TEXT UNIQUE, v)',
  'a text without regard to case': 'CREATE TABLE t (k TEXT PRIMARY KEY COLLATE NOCASE, u TEXT UNIQUE, v)',
  'no rowid': 'CREATE TABLE t (k ANY PRIMARY KEY, u TEXT UNIQUE, v) WITHOUT ROWID',
  'two fields': 'CREATE TABLE t (k INTEGER, v, u TEXT UNIQUE, PRIMARY KEY (k, u))',
  'a configured key without an index': 'CREATE TABLE t (k, u TEXT UNIQUE, v)',
} as const

type Name = keyof typeof TABLES

/** The numbers of the records before and after, each with its unique value and another one; a number that is not there is absent. */
type State = ReadonlyMap<number, { readonly u: number; readonly v: string }>

const value = fc.oneof(
  fc.constant('null'),
  fc.integer().map(String),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '{"$real":"1.5"}',
    '{"$real":"-0.0"}',
    '{"$blob":"AP8="}',
    '{"$text":"/w=="}',
    '{"$int":"9007199254740993"}',
  ),
)

const state: fc.Arbitrary<State> = fc
  .uniqueArray(fc.tuple(fc.nat(30), fc.nat(40), value), { selector: ([k]) => k, maxLength: 25 })
  .map((rows) => new Map([...new Map(rows.map((row) => [row[1], row])).values()].map(([k, u, v]) => [k, { u, v }])))

function textOf(name: Name, k: number, { u, v }: { readonly u: number; readonly v: string }): RecordText {
  const isText = name === 'a text without regard to case'
  return `{"k":${isText ? `"key ${k}"` : k},"u":"u${u}"${v === 'null' ? '' : `,"v":${v}`}}`
}

function changesBetween(name: Name, key: readonly string[], before: State, after: State): Change[] {
  const texts = (of: State): Map<string, RecordText> =>
    new Map([...of].map(([k, row]) => textOf(name, k, row)).map((text) => [keyOf(splitObject(text), key), text]))
  const [old, now] = [texts(before), texts(after)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((each) => ({ key: each, before: old.get(each), after: now.get(each) }))
    .filter((change) => change.before !== change.after)
}

/** A change that expects what is not there. */
function reversed({ key, before, after }: Change): Change {
  return { key, before: before === undefined ? after : undefined, after: before }
}

describe.each(Object.keys(TABLES) as Name[])('with %s as key', (name) => {
  const key = name === 'two fields' ? ['k', 'u'] : ['k']
  const isConfigured = name === 'a configured key without an index'
  const inFile = (
    work: (scene: Scene, selection: Awaited<ReturnType<typeof selectionOf>>) => Promise<void>,
  ): Promise<void> =>
    withFile([TABLES[name]], async (scene) => {
      const { schema, ...rest } = await selectionOf(scene.adapter, 't')
      await work(scene, { ...rest, schema: isConfigured ? { ...schema, key } : schema })
    })

  test('plans lead from any records to any other, unless they are stale', async () => {
    await inFile(async ({ adapter }, selection) => {
      let now: State = new Map()
      const outcomes = new Set<string>()
      await fc.assert(
        fc.asyncProperty(state, fc.boolean(), async (next, isStale) => {
          const changes = changesBetween(name, key, now, next)
          const [first, ...others] = changes
          const plan = planOf(selection, changes)
          const outdated = isStale && first !== undefined ? [planOf(selection, [...others, reversed(first)])] : []
          for (const each of outdated) outcomes.add((await adapter.apply(each)).status)
          expect(await adapter.apply(plan)).toMatchObject({ status: 'applied' })
          now = next
          expect([...(await recordsOf(adapter, selection))].sort()).toEqual(
            [...next].map(([k, row]) => textOf(name, k, row)).sort(),
          )
        }),
        { numRuns: 40 },
      )
      expect([...outcomes]).toEqual(['stale'])
    })
  })

  test('an empty table is filled with any records', async () => {
    await inFile(async ({ adapter }, selection) => {
      await fc.assert(
        fc.asyncProperty(state, async (wanted) => {
          const texts = [...wanted].map(([k, row]) => textOf(name, k, row))
          const batch = texts.map((text) => ({ key: keyOf(splitObject(text), key), text }))
          const load = { selection, records: () => batches(batch) }
          const plan = { collections: [], loads: [load], state: new Map(), expectedState: new Map() }
          expect(await adapter.apply(plan)).toMatchObject({ status: 'applied', inserted: texts.length })
          expect([...(await recordsOf(adapter, selection))].sort()).toEqual(texts.sort())
          const away = batch.map(({ key: each, text }) => ({ key: each, before: text, after: undefined }))
          expect(await adapter.apply(planOf(selection, away))).toMatchObject({ status: 'applied' })
        }),
        { numRuns: 25 },
      )
    })
  })
})

async function* batches<Item>(items: readonly Item[]): AsyncIterable<readonly Item[]> {
  for (let i = 0; i < items.length; i += 7) yield items.slice(i, i + 7)
}
