/** Going back: a record that cannot keep what it holds in some fields, as it was before it got that. The rest of the record stays as it was merged. */
import { objectText, sortedObjectText, splitObject } from '../../model/canonical.ts'
import type { KeyText, RecordText, ValueText } from '../../model/canonical.ts'
import type { DecisionRule } from '../../model/decision.ts'
import { recordAt, write, type Draft, type DraftPart, type Past } from './draft.ts'
import { tupleOf } from './violations.ts'

type Names = readonly string[]

/** The record with its former values in `fields`, and in the critical ones if they are tied to those; undefined where it never had others. */
export function retreatOf(
  part: DraftPart,
  past: Past,
  at: { readonly key: KeyText; readonly fields: Names },
): RecordText | undefined {
  const text = recordAt(part, at.key)
  if (text === undefined) return undefined
  const value = valueOf(text, at.fields)
  const from = past.former.at(-1)?.get(at.key)
  if (from === undefined) return undefined
  const retreat = withFields(part, text, { from, group: groupOf(part, at.fields) })
  return valueOf(retreat, at.fields) === value ? undefined : retreat
}

/** The values of a constraint's fields as one text; undefined where one is absent or null. */
export function valueOf(text: RecordText | undefined, fields: Names): string | undefined {
  return text === undefined ? undefined : tupleOf(splitObject(text), fields)
}

/** Fields that move together; never the record's own key. */
function groupOf({ rules, schema }: DraftPart, fields: Names): string[] {
  const tied = fields.some((name) => rules.critical.includes(name)) ? rules.critical : []
  return [...new Set([...fields, ...tied])].filter((name) => !schema.key.includes(name))
}

function withFields(
  { rules }: DraftPart,
  text: RecordText,
  { from, group }: { readonly from: RecordText; readonly group: Names },
): RecordText {
  const [fields, former] = [splitObject(text), splitObject(from)]
  for (const name of group) {
    const value = former.get(name)
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  }
  return rules.order === 'sorted' ? sortedObjectText(fields) : objectText(fields)
}

export interface Fall {
  readonly key: KeyText
  readonly fields: Names
  readonly retreat: RecordText
  readonly rule: DecisionRule
  readonly past: Past
}

/** Writes a retreat, and the value that was lost into the decisions. */
export function fallBack(draft: Draft, part: DraftPart, fall: Fall): void {
  const { key, retreat, rule, past } = fall
  const group = groupOf(part, fall.fields)
  const shown = (text: RecordText | undefined): ValueText | undefined => groupText(text, group)
  const lost = shown(recordAt(part, key))
  const [base, ours, theirs] = [past.former[0]?.get(key), part.ours.get(key), past.theirs.get(key)].map(shown)
  const sides = ours === lost || theirs === lost ? { ours, theirs } : { ours: lost, theirs }
  const place = { collection: part.name, key, field: group.join(' + ') }
  draft.decisions.push({ ...place, kind: 'constraint', base, ...sides, chosen: shown(retreat), rule })
  write(part, key, retreat)
}

/** The value of one field, or several as an object. */
function groupText(text: RecordText | undefined, group: Names): ValueText | undefined {
  if (text === undefined) return undefined
  const fields = splitObject(text)
  const [only] = group
  if (only !== undefined && group.length === 1) return fields.get(only)
  return objectText([...fields].filter(([name]) => group.includes(name)))
}
