/** The three states every step of a merge looks at, always in the order base, ours, theirs, and when two values are the same data. */
import { compareBytes, objectText, orderFreeText, sameRecord, splitObject } from '../model/canonical.ts'
import type { RecordText, ValueText } from '../model/canonical.ts'
import type { MergeRules } from '../model/rules.ts'

export type Side = 'ours' | 'theirs'

/** One thing in its three states; `undefined` where a side does not have it. */
export interface Versions<Thing = ValueText> {
  readonly base: Thing | undefined
  readonly ours: Thing | undefined
  readonly theirs: Thing | undefined
}

export type FieldOrder = MergeRules['order']

/** True when two values (or two absences) are the same data; where field order is kept, the order of names inside documents does not count. */
export function sameValue(a: ValueText | undefined, b: ValueText | undefined, order: FieldOrder): boolean {
  return sameRecord(a, b, order)
}

/** True when two records are the same data in every field that counts: field order (where kept) and derived fields do not. */
export function sameContent(a: RecordText | undefined, b: RecordText | undefined, rules: MergeRules): boolean {
  if (a === undefined || b === undefined) return a === b
  if (sameRecord(a, b, rules.order)) return true
  if (rules.derived.length === 0) return false
  return sameRecord(withoutDerived(a, rules), withoutDerived(b, rules), rules.order)
}

/** The record without its derived fields: what counts of it. */
export function withoutDerived(text: RecordText, rules: Pick<MergeRules, 'derived'>): RecordText {
  if (rules.derived.length === 0) return text

  return objectText([...splitObject(text)].filter(([name]) => !rules.derived.includes(name)))
}

/** The text of a value that both sides hold, wrapped; `undefined` when they differ. Texts that differ in field order only give the base's, else the smaller: the same whichever side is ours. */
export function sharedValue(
  { base, ours, theirs }: Versions,
  order: FieldOrder,
): { readonly value: ValueText | undefined } | undefined {
  if (ours === theirs) return { value: ours }
  if (!sameValue(ours, theirs, order)) return undefined
  return { value: sameValue(base, ours, order) ? base : smaller(ours, theirs) }
}

function smaller(a: ValueText = '', b: ValueText = ''): ValueText {
  return compareBytes(a, b) < 0 ? a : b
}

/** The text that stands for a value when bytes decide: free of field order where that is kept, empty for an absent value. */
export function decidingText(text: ValueText | undefined, order: FieldOrder): string {
  if (text === undefined) return ''
  return order === 'kept' ? orderFreeText(text) : text
}
