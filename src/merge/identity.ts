/** Whether a key that both sides added stands for one record or two, and which of two records keeps the key. */
import type { Side, Sides } from '../model/side.ts'
import { type RecordText, compareBytes } from '../model/canonical.ts'
import { documentFields } from '../model/documents.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { sameContent, sameValue } from './versions.ts'

/** The records that both sides added under the same key. */
export interface AddedTwice {
  readonly ours: RecordText
  readonly theirs: RecordText
}

/**
 * True when the two sides added different records under one key. Equal records are always one. Otherwise the configured identity fields decide, if either record has any of
 * them. Without identity fields, a key that each database hands out by itself stands for two records, and any other key for one.
 */
export function areTwoRecords({ ours, theirs }: AddedTwice, rules: MergeRules): boolean {
  if (sameContent(ours, theirs, rules)) return false
  const sides = [documentFields(ours), documentFields(theirs)] as const
  const identity = (rules.identity ?? []).filter((name) => sides.some((fields) => fields.has(name)))
  if (identity.length === 0) return rules.serialKey
  return identity.some((name) => !sameValue(sides[0].get(name), sides[1].get(name), rules.order))
}

/** The side whose record keeps the key: the one committed first; of records committed at the same time, the one with the smaller bytes. */
export function firstCommitted(added: AddedTwice, stamps: Sides<WriterStamp>): Side {
  const clocks = stamps.ours.at - stamps.theirs.at
  const order = clocks === 0 ? compareBytes(added.ours, added.theirs) : clocks
  return order <= 0 ? 'ours' : 'theirs'
}
