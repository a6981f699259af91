/** Merges the fields of a record that both sides have: the critical fields together, derived fields without a report, every other field by itself. */
import type { RecordText, ValueText } from '../../model/canonical.ts'
import type { MergeRules } from '../../model/rules.ts'
import type { FieldChoices, FieldConflict, MergeContext, ValuePlace } from './context.ts'
import { orderNames } from './documents.ts'
import { mergeGroup } from './group.ts'
import { type FieldEntry, printRecord } from '../history/print.ts'
import { mergeValue } from './values.ts'
import { decidingText, sameValue, sharedValue } from '../versions.ts'
import { type Winner, compareTexts, greatestWrite } from '../winner.ts'
import { type Register, registerAt } from '../history/writes.ts'

/** A record in its versions, with the writes to it. A side that deleted the record is given as it was before. */
export interface RecordRegister extends Register {
  readonly ours: RecordText
  readonly theirs: RecordText
}

/** The merged record, and the conflicts in it in field order. */
export interface MergedFields {
  readonly text: RecordText
  readonly conflicts: readonly FieldConflict[]
}

/**
 * Merges two records field by field. Swapping ours and theirs gives the same text.
 * @param choices how values are decided; by default the greatest write wins
 * @throws SyntaxError when a text is no JSON object
 */
export function mergeFields(
  record: RecordRegister,
  rules: MergeRules,
  choices: FieldChoices = byWrites(rules),
): MergedFields {
  const context: MergeContext = {
    choices,
    rules,
    first: choices.choose(record).side,
    conflicts: [],
    merge: (place, register) => mergeValue(context, place, register),
  }
  const names = orderNames(record, context.first)
  const group = mergeGroup(context, record)
  const entries: FieldEntry[] = []
  for (const name of names) {
    const value = group.has(name) ? group.get(name) : mergeField(context, name, record)
    if (value !== undefined) entries.push([name, value])
  }
  return { text: printRecord(rules.order, entries), conflicts: context.conflicts }
}

/** A value that one side alone wrote is taken from that side; where both wrote it, the greatest write wins. */
function byWrites({ order }: MergeRules): FieldChoices {
  const choose = (register: Register): Winner =>
    greatestWrite(register.writes, order) ??
    compareTexts(decidingText(register.ours, order), decidingText(register.theirs, order))
  const settle = (register: Register): { readonly value: ValueText | undefined } | undefined => {
    const shared = sharedValue(register, order)
    if (shared !== undefined) return shared
    const { base, ours, theirs, writes } = register
    if (writes.theirs.length === 0 && writes.ours.length > 0) return { value: ours }
    if (writes.ours.length === 0 && writes.theirs.length > 0) return { value: theirs }
    if (writes.ours.length > 0) return undefined
    // no known commit made the difference (history is cut off here): compare with the base
    if (sameValue(base, ours, order)) return { value: theirs }
    return sameValue(base, theirs, order) ? { value: ours } : undefined
  }
  return { choose, settle, keepsEdited: true }
}

/** A derived field is computed by its database, so no conflict is reported; the value is still chosen by the rules, so that the merged text is the same whichever side is ours. */
function mergeField(context: MergeContext, name: string, record: RecordRegister): ValueText | undefined {
  const { rules } = context
  const register = registerAt(record, name, rules.order)
  if (!rules.derived.includes(name)) return mergeValue(context, placeOf(name, rules), register)
  const settled = context.choices.settle(register)
  return settled === undefined ? register[context.choices.choose(register).side] : settled.value
}

function placeOf(name: string, rules: MergeRules): ValuePlace {
  return { path: name, shown: name, print: rules.jsonbFields.includes(name) ? 'jsonb' : rules.order }
}
