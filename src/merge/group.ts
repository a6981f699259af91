/** Critical fields move as one group, so that an amount never ends up beside another side's ticker: a register with a tuple for its value. */
import { objectText, type RecordText, type ValueText } from '../model/canonical.ts'
import type { MergeRules } from '../model/rules.ts'
import type { MergeContext } from './context.ts'
import type { Entry } from './print.ts'
import type { Versions } from './versions.ts'
import { fieldsOf, mapRegister, type Register } from './writes.ts'

export type GroupValues = ReadonlyMap<string, ValueText | undefined>

/**
 * The merged values of the critical fields by name. Where both sides wrote the group and differ in it, all of it comes from one side, and one decision names all its
 * fields. Empty where the record has fewer than two of them: one field alone is an ordinary field.
 */
export function mergeGroup(context: MergeContext, record: Register): GroupValues {
  const names = groupNames(record, context.rules)
  if (names.length < 2) return new Map()
  const group = mapRegister(record, (text) => tuple(names, text), context.rules.order)
  const settled = context.settle(group)
  const value = settled === undefined ? takeWhole(context, names, group) : settled.value
  const fields = fieldsOf(value)
  return new Map(names.map((name) => [name, fields.get(name)] as const))
}

/** The critical fields that any version of the record has, in the order they are configured in. */
function groupNames({ base, ours, theirs }: Versions, { critical, derived }: MergeRules): string[] {
  const known = (name: string): boolean => [base, ours, theirs].some((text) => fieldsOf(text).has(name))
  return critical.filter((name) => known(name) && !derived.includes(name))
}

function takeWhole(context: MergeContext, names: readonly string[], group: Register): ValueText | undefined {
  const { side, rule } = context.choose(group)
  const { base, ours, theirs } = group
  context.conflicts.push({ base, ours, theirs, field: names.join(' + '), chosen: group[side], rule })
  return group[side]
}

/** The group's fields as one object, absent ones left out; undefined for an absent record. */
function tuple(names: readonly string[], text: RecordText | undefined): ValueText | undefined {
  if (text === undefined) return undefined
  const fields = fieldsOf(text)
  return objectText(
    names.flatMap((name): Entry[] => {
      const value = fields.get(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
