/** The three versions of a value that every step of a merge looks at, always in the order base, ours, theirs, and when two of them are the same data. */
import {
  type RecordText,
  type ValueText,
  compareBytes,
  kindOf,
  orderFreeText,
  sameRecord,
  splitObject,
} from '../model/canonical.ts'
import { documentFields, isListedDocument, textLike } from '../model/documents.ts'
import type { MergeRules } from '../model/rules.ts'

/** One thing in its three versions; undefined where a version does not have it. */
export interface Versions<Thing = ValueText> {
  readonly base: Thing | undefined
  readonly ours: Thing | undefined
  readonly theirs: Thing | undefined
}

/** Whether the order of fields in a record belongs to its data (`kept`) or fields are sorted by name. */
export type FieldOrder = MergeRules['order']

/** True when two values (or two absences) are the same data. Also where field order is kept, documents that differ only in the order of their fields are the same. */
export function sameValue(a: ValueText | undefined, b: ValueText | undefined, order: FieldOrder): boolean {
  return sameRecord(a, b, order)
}

/** True when two records (or two absences) are the same data, derived fields and the order of fields left aside. */
export function sameContent(a: RecordText | undefined, b: RecordText | undefined, rules: MergeRules): boolean {
  if (a === undefined || b === undefined) return a === b
  if (sameRecord(a, b, rules.order)) return true
  if (rules.derived.length === 0) return false
  return sameRecord(withoutDerived(a, rules), withoutDerived(b, rules), rules.order)
}

/** The record without its derived fields. */
export function withoutDerived(text: RecordText, rules: Pick<MergeRules, 'derived'>): RecordText {
  if (rules.derived.length === 0) return text

  return textLike(
    text,
    [...documentFields(text)].filter(([name]) => !rules.derived.includes(name)),
  )
}

/**
 * The value that both sides hold, wrapped because it may be absence; undefined when they differ. Of two texts that differ only in field order, the base's is taken, or the one with
 * the smaller bytes, so that the result is the same whichever side is ours.
 */
export function sharedValue(
  { base, ours, theirs }: Versions,
  order: FieldOrder,
): { readonly value: ValueText | undefined } | undefined {
  if (ours === theirs) return { value: ours }
  if (!sameValue(ours, theirs, order)) return undefined
  return { value: sameValue(base, ours, order) ? base : smallerText(ours, theirs) }
}

/** The text with the smaller bytes; the other one where one is absent. */
export function smallerText(a: ValueText | undefined, b: ValueText | undefined): ValueText {
  if (a === undefined || b === undefined) return a ?? b ?? ''
  return compareBytes(a, b) <= 0 ? a : b
}

/** The text of a value for comparing by bytes: with sorted names where field order is kept, empty for an absent value. */
export function decidingText(text: ValueText | undefined, order: FieldOrder): string {
  if (text === undefined) return ''
  return order === 'kept' ? orderFreeText(text) : text
}

/** The names of the typed values that the adapters write. Another name that begins with `$` is a field of somebody's JSON, like `$id` and `$ref` in jsonb. */
const TYPED =
  /^\{\s*"\$(?:oid|date|numberInt|numberLong|numberDouble|numberDecimal|binary|regularExpression|timestamp|code|symbol|dbPointer|minKey|maxKey|undefined|doc|bson|int|real|blob|text)"/

/** True for a document: an object that does not stand for one typed value. A typed value has one field, or is code with its scope. */
export function isDocument(text: ValueText | undefined): text is ValueText {
  if (text === undefined || kindOf(text) !== 'object') return false
  if (!TYPED.test(text) || isListedDocument(text)) return true
  const fields = splitObject(text)
  return fields.size > 1 && !fields.has('$scope')
}
