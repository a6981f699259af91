/**
 * A record that both sides added under different keys, recognised by its identity fields: the two become one. Records that are equal within one side stay separate: where one
 * side has n of them and the other m, the greater number remains.
 */
import type { Side, Sides } from '../model/side.ts'
import type { Records } from '../model/records.ts'
import { type KeyText, type RecordText, compareBytes, keyOf, splitArray } from '../model/canonical.ts'
import { documentFields, textLike } from '../model/documents.ts'
import type { Decision } from '../model/decision.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { mergeRecord } from './record.ts'
import { tupleOf } from './tuple.ts'

/** The key that one record has on each side. `base` is the record before the sides parted, under whatever key, where it is known. */
export interface Duplicate extends Sides<KeyText> {
  readonly base?: RecordText
}

/**
 * Pairs of keys under which the two sides have the same record, sorted by key bytes.
 * @param added the records that each side added since the common past; a key that both sides have is not looked at
 * @param identity names of the fields by which records are recognised
 */
export function findDuplicates(added: Sides<Records>, identity: readonly string[]): Duplicate[] {
  const [ours, theirs] = [
    byIdentity(added.ours, added.theirs, identity),
    byIdentity(added.theirs, added.ours, identity),
  ]
  return [...ours].flatMap(([value, keys]) => {
    const others = theirs.get(value) ?? []
    return keys.slice(0, others.length).map((key, i) => ({ ours: key, theirs: others[i] as KeyText }))
  })
}

/** The keys that only this side has, grouped by the identity of their records. A record that lacks one of the identity fields is left out. */
function byIdentity(own: Records, other: Records, identity: readonly string[]): Map<string, KeyText[]> {
  const found = new Map<string, KeyText[]>()
  for (const [key, record] of [...own].sort((a, b) => compareBytes(a[0], b[0]))) {
    const value = other.has(key) ? undefined : tupleOf(record, identity)
    if (value !== undefined) found.set(value, [...(found.get(value) ?? []), key])
  }
  return found
}

/** Two records that are to become one. */
export interface CollapseInput {
  readonly keys: Duplicate
  /** The record under each key after the merge. */
  readonly records: Sides<RecordText>
  readonly stamps: Sides<WriterStamp>
  readonly rules: MergeRules
}

/** Two records made into one: `winner` is the key that stays, `loser` the one that no record has any more. */
export interface Collapsed {
  readonly winner: KeyText
  readonly loser: KeyText
  /** Both records merged field by field, under the winner's key. */
  readonly record: RecordText
  readonly decisions: readonly Decision[]
}

/**
 * Makes two records one. The key that was committed first stays; of keys committed at the same time, the smaller one by bytes. The result is the same whichever side is ours.
 * @throws SyntaxError when a record is no JSON object
 */
export function collapse({ keys, records, stamps, rules }: CollapseInput): Collapsed {
  const order = stamps.ours.at - stamps.theirs.at || compareBytes(keys.ours, keys.theirs)
  const side: Side = order <= 0 ? 'ours' : 'theirs'
  const [winner, loser] = [keys[side], keys[side === 'ours' ? 'theirs' : 'ours']]
  const [ours, theirs] = [withKey(records.ours, rules.key, winner), withKey(records.theirs, rules.key, winner)]
  const base = keys.base === undefined ? undefined : withKey(keys.base, rules.key, winner)
  const merged = mergeRecord({ key: winner, base, ours, theirs, rules, stamps, join: true })
  const record = (merged.kind === 'merged' ? merged.text : merged.kept) ?? records[side]
  const fields = merged.kind === 'merged' ? merged.decisions : []
  const whole: Decision = {
    collection: rules.collection,
    key: loser,
    field: undefined,
    kind: 'duplicate',
    base: undefined,
    ours: records.ours,
    theirs: records.theirs,
    chosen: record,
    rule: 'duplicate',
  }
  return {
    winner,
    loser,
    record,
    decisions: [whole, ...fields.map((each): Decision => ({ ...each, kind: 'duplicate' }))],
  }
}

/** The record with the values of `key` in its key fields `names`. */
export function withKey(record: RecordText, names: readonly string[], key: KeyText): RecordText {
  const fields = documentFields(record)
  if (keyOf(fields, names) === key) return record
  const values = splitArray(key)
  return textLike(
    record,
    [...fields].map(([name, value]) => [name, values[names.indexOf(name)] ?? value]),
  )
}
