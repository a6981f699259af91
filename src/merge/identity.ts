/** Whether one key added on both sides names one record or two, and which of two keeps the key. */
import { compareBytes, type RecordText, splitObject } from '../model/canonical.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { sameContent, sameValue, type Side } from './versions.ts'

/** Two different records that took the same key independently. */
export interface AddedTwice {
  readonly ours: RecordText
  readonly theirs: RecordText
}

/**
 * True when both sides added different records under one key. Configured identity fields decide (where either record has any of them); else a key that each
 * database hands out by itself names two records, and any other key is the identity. The same content is always one record.
 */
export function areTwoRecords({ ours, theirs }: AddedTwice, rules: MergeRules): boolean {
  if (sameContent(ours, theirs, rules)) return false
  const sides = [splitObject(ours), splitObject(theirs)] as const
  const identity = (rules.identity ?? []).filter((name) => sides.some((fields) => fields.has(name)))
  if (identity.length === 0) return rules.serialKey
  return identity.some((name) => !sameValue(sides[0].get(name), sides[1].get(name), rules.order))
}

/** The side whose record keeps the key: the one committed first, then the smaller record bytes. */
export function firstCommitted(added: AddedTwice, stamps: Readonly<Record<Side, WriterStamp>>): Side {
  const clocks = stamps.ours.at - stamps.theirs.at
  const order = clocks === 0 ? compareBytes(added.ours, added.theirs) : clocks
  return order <= 0 ? 'ours' : 'theirs'
}
