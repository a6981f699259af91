/** Merges the fields of a record that both sides have: the critical group as one, derived fields silently, every other field for itself. */
import type { RecordText, ValueText } from '../model/canonical.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import type { FieldConflict, MergeContext, Place } from './context.ts'
import { type FieldVersions, fieldOf, orderNames, splitVersions } from './documents.ts'
import { mergeGroup } from './group.ts'
import { type Entry, printObject } from './print.ts'
import { mergeValue } from './values.ts'
import { decidingText, type Side, trivialMerge, type Versions } from './versions.ts'
import { compareStamps, compareTexts, stampRecord, type Verdict } from './winner.ts'

export interface FieldsInput {
  readonly base: RecordText | undefined
  readonly ours: RecordText
  readonly theirs: RecordText
  readonly rules: MergeRules
  readonly stamps: Readonly<Record<Side, WriterStamp>>
}

export interface MergedFields {
  readonly text: RecordText
  readonly conflicts: readonly FieldConflict[]
}

/** Merges two records field by field against their base; symmetric in ours and theirs. */
export function mergeFields(input: FieldsInput): MergedFields {
  const { rules } = input
  const sides = splitVersions(input)
  const context = contextOf(input, sides)
  const names = orderNames(sides, context.first)
  const group = mergeGroup(context, sides)
  const entries: Entry[] = []
  for (const name of names) {
    const value = group.has(name) ? group.get(name) : mergeField(context, name, fieldOf(sides, name))
    if (value !== undefined) entries.push([name, value])
  }
  return { text: printObject(rules.order, entries), conflicts: context.conflicts }
}

/** The record's winner is decided once; only where all its facts are equal do the bytes of each value decide. */
function contextOf(input: FieldsInput, sides: FieldVersions): MergeContext {
  const { rules } = input
  const winner = compareSides(input, sides)
  const choose = (ours: ValueText | undefined, theirs: ValueText | undefined): Verdict =>
    winner ?? compareTexts(decidingText(ours, rules.order), decidingText(theirs, rules.order))
  const context: MergeContext = {
    rules,
    edited: input.base !== undefined,
    choose,
    first: choose(input.ours, input.theirs).side,
    conflicts: [],
    merge: (place, versions) => mergeValue(context, place, versions),
  }
  return context
}

function compareSides({ base, rules, stamps }: FieldsInput, sides: FieldVersions): Verdict | undefined {
  const before = base === undefined ? undefined : sides.base
  const ours = stampRecord({ fields: sides.ours, base: before, rules, writer: stamps.ours })
  const theirs = stampRecord({ fields: sides.theirs, base: before, rules, writer: stamps.theirs })
  return compareStamps(ours, theirs)
}

/** A derived field is recomputed by its database and never reported; the merged text still holds the same value whichever side is ours. */
function mergeField(context: MergeContext, name: string, versions: Versions): ValueText | undefined {
  const { rules } = context
  if (!rules.derived.includes(name)) return mergeValue(context, placeOf(name, rules), versions)
  const trivial = trivialMerge(versions, rules.order)
  return trivial === undefined ? versions[context.choose(versions.ours, versions.theirs).side] : trivial.value
}

function placeOf(name: string, rules: MergeRules): Place {
  return { path: name, shown: name, print: rules.jsonbFields.includes(name) ? 'jsonb' : rules.order }
}
