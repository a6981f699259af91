/** A record that cannot keep its values in some fields goes back to its former values there; the rest of the record stays as it was merged. */
import { type KeyText, type RecordText, type ValueText, objectText, sortedObjectText } from '../../model/canonical.ts'
import { documentFields, documentRecordText } from '../../model/documents.ts'
import type { DecisionRule } from '../../model/decision.ts'
import { type SourceDraft, type DraftPart, type CollectionPast, originOf, recordAt, write } from './draft.ts'

type Names = readonly string[]

/** The record with its former values in `fields`, and in all critical fields if one of `fields` is critical; undefined when it was not there before, or had no other values. */
export function retreatOf(
  part: DraftPart,
  past: CollectionPast,
  { key, fields }: { readonly key: KeyText; readonly fields: Names },
): RecordText | undefined {
  return withFormer(part, { key, fields, states: [originOf(past)?.get(key)] })[0]
}

/** The record with the values that it has in each of these states, as `retreatOf`; without states in which it is absent or has no other values. */
export function withFormer(
  part: DraftPart,
  at: { readonly key: KeyText; readonly fields: Names; readonly states: readonly (RecordText | undefined)[] },
): RecordText[] {
  const text = recordAt(part, at.key)
  const states = at.states.filter((from) => from !== undefined)
  if (text === undefined || states.length === 0) return []
  const group = groupOf(part, at.fields)
  return states.map((from) => withFormerValues(part, text, { from, group })).filter((retreat) => retreat !== text)
}

/** The fields that go back together, without those of the record's key. */
function groupOf({ rules, schema }: DraftPart, fields: Names): string[] {
  const tied = fields.some((name) => rules.critical.includes(name)) ? rules.critical : []
  return [...new Set([...fields, ...tied])].filter((name) => !schema.key.includes(name))
}

function withFormerValues(
  { rules }: DraftPart,
  text: RecordText,
  { from, group }: { readonly from: RecordText; readonly group: Names },
): RecordText {
  const [fields, former] = [documentFields(text), documentFields(from)]
  for (const name of group) {
    const value = former.get(name)
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  }
  return rules.order === 'sorted' ? sortedObjectText(fields) : documentRecordText([...fields])
}

/** A record that goes back: `retreat` is what it becomes, `fields` those of the violated constraint. */
export interface Retreat {
  readonly key: KeyText
  readonly fields: Names
  readonly retreat: RecordText
  readonly rule: DecisionRule
  readonly past: CollectionPast
}

/** Writes the record with its former values into the draft, and the value that it loses into the decisions. */
export function goBack(draft: SourceDraft, part: DraftPart, at: Retreat): void {
  const { key, retreat, rule, past } = at
  const group = groupOf(part, at.fields)
  const shown = (text: RecordText | undefined): ValueText | undefined => groupText(text, group)
  const lost = shown(recordAt(part, key))
  const [base, ours, theirs] = [past.former[0]?.get(key), part.ours.get(key), past.theirs.get(key)].map(shown)
  const sides = ours === lost || theirs === lost ? { ours, theirs } : { ours: lost, theirs }
  const place = { collection: part.name, key, field: group.join(' + ') }
  draft.decisions.push({ ...place, kind: 'constraint', base, ...sides, chosen: shown(retreat), rule })
  write(part, key, retreat)
}

/** The value of the field; of several fields, an object. */
function groupText(text: RecordText | undefined, group: Names): ValueText | undefined {
  if (text === undefined) return undefined
  const fields = documentFields(text)
  const [only] = group
  if (only !== undefined && group.length === 1) return fields.get(only)
  return objectText([...fields].filter(([name]) => group.includes(name)))
}
