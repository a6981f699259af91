/** Random records in three states for the merge laws: fields of every kind, mostly edited on one side, often alike, with stamps that often tie. */
import * as fc from 'fast-check'
import { isDocument } from '../../../src/merge/versions.ts'
import type { RecordInput } from '../../../src/merge/record.ts'
import type { Versions } from '../../../src/merge/versions.ts'
import { arrayText, objectText, sortedObjectText, splitObject } from '../../../src/model/canonical.ts'
import type { MergeRules, WriterStamp } from '../../../src/model/rules.ts'
import { rulesWith } from './rules.ts'

type Arbitrary<Value> = fc.Arbitrary<Value>
type Triple = Versions

/** Three states of one value: each side keeps the base's or has its own, and any of the three may be absent. */
function versionsOf(value: Arbitrary<string>): Arbitrary<Triple> {
  const maybe = fc.option(value, { nil: undefined, freq: 6 })
  return fc
    .record({
      base: maybe,
      ours: maybe,
      theirs: maybe,
      edits: fc.constantFrom('ours', 'theirs', 'both', 'both', 'none'),
    })
    .map(({ base, ours, theirs, edits }) => ({
      base,
      ours: edits === 'ours' || edits === 'both' ? ours : base,
      theirs: edits === 'theirs' || edits === 'both' ? theirs : base,
    }))
}

const scalar = fc.constantFrom(
  '1',
  '2',
  '26.940',
  '"x"',
  '"é|`<b>"',
  '""',
  'null',
  'true',
  '{"$oid":"aa"}',
  '[]',
  '[1, 2]',
)
const member = fc.constantFrom('1', '2', '10', '"a"', '"b"', '{"k":1}')
const set = fc.array(member, { maxLength: 4 }).map(arrayText)
const leg = fc.record({ id: fc.constantFrom('1', '2', '10'), p: scalar }).map(({ id, p }) => `{"id":${id},"p":${p}}`)
const legs = fc.uniqueArray(leg, { selector: (text) => text.slice(0, 8), maxLength: 3 }).map(arrayText)
const counter = fc.oneof(fc.integer({ min: -5, max: 20 }).map(String), fc.constant('"many"'))
const time = fc.integer({ min: 1, max: 6 }).map((second) => `"1970-01-01 00:00:0${second}"`)

type Write = (entries: readonly (readonly [string, string])[]) => string

/** Three states of a document from three states of its fields. */
function documentsOf(fields: Readonly<Record<string, Arbitrary<Triple>>>, write: Write): Arbitrary<Triple> {
  return fc.record(fields).map((triples) => {
    const side = (which: keyof Triple): string =>
      write(
        Object.entries(triples).flatMap(([name, triple]) => {
          const value = triple[which]
          return value === undefined ? [] : [[name, value] as const]
        }),
      )
    return { base: side('base'), ours: side('ours'), theirs: side('theirs') }
  })
}

const jsonbText: Write = (entries) => `{${entries.map(([name, value]) => `"${name}": ${value}`).join(', ')}}`
const plain = versionsOf(scalar)

function recordsOf(order: MergeRules['order']): Arbitrary<Triple> {
  const write = order === 'kept' ? objectText : sortedObjectText
  const inner = documentsOf({ x: plain, y: plain }, order === 'kept' ? write : jsonbText)
  const fields = {
    z: plain,
    a: plain,
    doc: documentsOf({ p: plain, q: plain, in: inner }, order === 'kept' ? write : jsonbText),
    g1: plain,
    g2: plain,
    tags: versionsOf(set),
    legs: versionsOf(legs),
    wins: versionsOf(counter),
    t: versionsOf(time),
  }
  return documentsOf(fields, write)
}

/** Overrides by which the random rules are varied. */
const someRules: Arbitrary<Partial<MergeRules>> = fc.record({
  newest: fc.constantFrom(undefined, 't'),
  critical: fc.constantFrom([], ['g1', 'g2']),
  arrays: fc.constantFrom({}, { tags: 'set', legs: { keyed: 'id' } } as const),
  counters: fc.constantFrom([], ['wins']),
  identity: fc.constantFrom(undefined, ['a']),
  serialKey: fc.boolean(),
})

function writerOf(asset: Arbitrary<string>): Arbitrary<WriterStamp> {
  return fc
    .record({ asset, since: fc.integer({ min: 0, max: 4000 }), length: fc.constantFrom(1, 1000, 3000) })
    .map(({ since, length, ...rest }) => ({ ...rest, since, at: since + length }))
}

const writer = writerOf(fc.constantFrom('asset-1', 'asset-2'))

/** One record in three states with rules and stamps; any state may lack the record. */
export const records: Arbitrary<RecordInput> = fc
  .constantFrom('sorted', 'kept')
  .chain((order) =>
    fc.record({
      states: recordsOf(order),
      presence: fc.constantFrom('all', 'all', 'all', 'added', 'ours deleted', 'theirs deleted'),
      rules: someRules.map((some) => rulesWith({ ...some, order, jsonbFields: order === 'kept' ? [] : ['doc'] })),
      stamps: fc.record({ ours: writer, theirs: writer }),
      join: fc.boolean(),
      turned: fc.constantFrom([], [], ['ours'], ['theirs'], ['ours', 'theirs'] as const),
    }),
  )
  .map(({ states, presence, turned, rules, ...rest }) => {
    const turn = (side: 'ours' | 'theirs'): string | undefined =>
      rules.order === 'kept' && turned.some((name) => name === side) ? reversed(states[side] ?? '{}') : states[side]
    return {
      key: '[1]',
      base: presence === 'added' ? undefined : states.base,
      ours: presence === 'ours deleted' ? undefined : turn('ours'),
      theirs: presence === 'theirs deleted' ? undefined : turn('theirs'),
      rules,
      ...rest,
    }
  })

/** The same document with its fields, and those of documents directly in it, in reverse order. */
function reversed(text: string): string {
  const turn = (value: string): string => (isDocument(value) ? reversed(value) : value)
  return objectText([...splitObject(text)].toReversed().map(([name, value]) => [name, turn(value)] as const))
}

/** Sets, as arrays of member texts, in three states. */
export const sets: Arbitrary<Readonly<Record<'base' | 'ours' | 'theirs', readonly string[]>>> = fc.record({
  base: fc.uniqueArray(member),
  ours: fc.uniqueArray(member),
  theirs: fc.uniqueArray(member),
})
