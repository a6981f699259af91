/**
 * One record that both sides added under different keys, recognised by its identity fields. Equal records inside one side are never collapsed: of n and m copies the
 * greater number stays.
 */
import {
  compareBytes,
  keyOf,
  objectText,
  splitArray,
  splitObject,
  type KeyText,
  type RecordText,
} from '../model/canonical.ts'
import type { Decision } from '../model/decision.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { mergeRecord } from './record.ts'
import { tupleOf } from './rekeying/world.ts'
import type { Side } from './versions.ts'

type Records = ReadonlyMap<KeyText, RecordText>

/** The keys that one record got on the two sides, and what it was before, under any key, if that is known. */
export interface Duplicate extends Readonly<Record<Side, KeyText>> {
  readonly base?: RecordText
}

/**
 * Pairs of keys that stand for one record, by key bytes.
 * @param added what each side added since the common past; a key that both have is one record anyway
 */
export function findDuplicates(added: Readonly<Record<Side, Records>>, identity: readonly string[]): Duplicate[] {
  const [ours, theirs] = [
    byIdentity(added.ours, added.theirs, identity),
    byIdentity(added.theirs, added.ours, identity),
  ]
  return [...ours].flatMap(([value, keys]) => {
    const others = theirs.get(value) ?? []
    return keys.slice(0, others.length).map((key, i) => ({ ours: key, theirs: others[i] as KeyText }))
  })
}

/** Keys that only this side has, by the identity of their records; a record that lacks one of the fields has none. */
function byIdentity(own: Records, other: Records, identity: readonly string[]): Map<string, KeyText[]> {
  const found = new Map<string, KeyText[]>()
  for (const [key, record] of [...own].sort((a, b) => compareBytes(a[0], b[0]))) {
    const value = other.has(key) ? undefined : tupleOf(record, identity)
    if (value !== undefined) found.set(value, [...(found.get(value) ?? []), key])
  }
  return found
}

export interface CollapseInput {
  readonly keys: Duplicate
  /** What the merge leaves under each key. */
  readonly records: Readonly<Record<Side, RecordText>>
  readonly stamps: Readonly<Record<Side, WriterStamp>>
  readonly rules: MergeRules
}

export interface Collapsed {
  readonly winner: KeyText
  readonly loser: KeyText
  /** Both records merged field by field, under the winner's key. */
  readonly record: RecordText
  readonly decisions: readonly Decision[]
}

/** One record of two: the key that was committed first stays, then the smaller one by bytes. The same whichever side is ours. */
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

/** A record under another key. */
export function withKey(record: RecordText, names: readonly string[], key: KeyText): RecordText {
  const fields = splitObject(record)
  if (keyOf(fields, names) === key) return record
  const values = splitArray(key)
  return objectText([...fields].map(([name, value]) => [name, values[names.indexOf(name)] ?? value]))
}
