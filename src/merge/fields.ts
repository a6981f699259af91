/** Merges the fields of a record that both sides have: the critical group as one, derived fields silently, every other field for itself. */
import type { RecordText, ValueText } from '../model/canonical.ts'
import type { MergeRules } from '../model/rules.ts'
import type { FieldConflict, MergeContext, Place } from './context.ts'
import { orderNames } from './documents.ts'
import { mergeGroup } from './group.ts'
import { type Entry, printObject } from './print.ts'
import { mergeValue } from './values.ts'
import { decidingText, sameValue, sharedValue } from './versions.ts'
import { compareTexts, greatestWrite, type Verdict } from './winner.ts'
import { registerAt, type Register } from './writes.ts'

/** A record in its versions; ours and theirs as if neither had been deleted. */
export interface RecordRegister extends Register {
  readonly ours: RecordText
  readonly theirs: RecordText
}

export interface MergedFields {
  readonly text: RecordText
  readonly conflicts: readonly FieldConflict[]
}

export type FieldChoices = Pick<MergeContext, 'choose' | 'settle' | 'keepsEdited'>

/** Merges two records field by field; symmetric in ours and theirs. `choices`: another way to decide than by the greatest write. */
export function mergeFields(
  record: RecordRegister,
  rules: MergeRules,
  choices: FieldChoices = byWrites(rules),
): MergedFields {
  const context: MergeContext = {
    ...choices,
    rules,
    first: choices.choose(record).side,
    conflicts: [],
    merge: (place, register) => mergeValue(context, place, register),
  }
  const names = orderNames(record, context.first)
  const group = mergeGroup(context, record)
  const entries: Entry[] = []
  for (const name of names) {
    const value = group.has(name) ? group.get(name) : mergeField(context, name, record)
    if (value !== undefined) entries.push([name, value])
  }
  return { text: printObject(rules.order, entries), conflicts: context.conflicts }
}

/** The side that alone wrote a value has it; where both did, the greatest write. */
function byWrites({ order }: MergeRules): FieldChoices {
  const choose = (register: Register): Verdict =>
    greatestWrite(register.writes, order) ??
    compareTexts(decidingText(register.ours, order), decidingText(register.theirs, order))
  const settle = (register: Register): { readonly value: ValueText | undefined } | undefined => {
    const shared = sharedValue(register, order)
    if (shared !== undefined) return shared
    const { base, ours, theirs, writes } = register
    if (writes.theirs.length === 0 && writes.ours.length > 0) return { value: ours }
    if (writes.ours.length === 0 && writes.theirs.length > 0) return { value: theirs }
    if (writes.ours.length > 0) return undefined
    // a difference that no known commit made: history is cut, and the base has to tell
    if (sameValue(base, ours, order)) return { value: theirs }
    return sameValue(base, theirs, order) ? { value: ours } : undefined
  }
  return { choose, settle, keepsEdited: true }
}

/** A derived field is recomputed by its database and never reported; the merged text still holds the same value whichever side is ours. */
function mergeField(context: MergeContext, name: string, record: RecordRegister): ValueText | undefined {
  const { rules } = context
  const register = registerAt(record, name, rules.order)
  if (!rules.derived.includes(name)) return mergeValue(context, placeOf(name, rules), register)
  const settled = context.settle(register)
  return settled === undefined ? register[context.choose(register).side] : settled.value
}

function placeOf(name: string, rules: MergeRules): Place {
  return { path: name, shown: name, print: rules.jsonbFields.includes(name) ? 'jsonb' : rules.order }
}
