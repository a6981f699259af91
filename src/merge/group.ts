/** Critical fields move as one group, so that an amount never ends up beside another side's ticker: a register with a tuple for its value. */
import { objectText, type RecordText, type ValueText } from '../model/canonical.ts'
import type { MergeContext } from './context.ts'
import { isDocument } from './documents.ts'
import type { Entry } from './print.ts'
import { fieldsOf, mapRegister, type Register } from './writes.ts'

export type GroupValues = ReadonlyMap<string, ValueText | undefined>

/**
 * The merged values of the critical fields by name. Where both sides wrote the group and differ in it, all of it comes from one side, and one decision names all its
 * fields. Empty where fewer than two are configured: one field alone is an ordinary field.
 */
export function mergeGroup(context: MergeContext, record: Register): GroupValues {
  const { critical, derived, order } = context.rules
  const names = critical.filter((name) => !derived.includes(name))
  if (names.length < 2) return new Map()
  const group = mapRegister(record, { at: (text) => tuple(names, text), holds: isDocument }, order)
  const settled = context.settle(group)
  const value = settled === undefined ? takeWhole(context, names, group) : settled.value
  const fields = fieldsOf(value)
  return new Map(names.map((name) => [name, fields.get(name)] as const))
}

function takeWhole(context: MergeContext, names: readonly string[], group: Register): ValueText | undefined {
  const { side, rule } = context.choose(group)
  const { base, ours, theirs } = group
  const [first, ...more] = names.filter((name) => [base, ours, theirs].some((text) => fieldsOf(text).has(name)))
  const shown = (text: ValueText | undefined): ValueText | undefined =>
    first === undefined || more.length > 0 ? text : fieldsOf(text).get(first)
  const field = [first ?? '', ...more].join(' + ')
  const values = { base: shown(base), ours: shown(ours), theirs: shown(theirs) }
  context.conflicts.push({ ...values, field, chosen: shown(group[side]), rule })
  return group[side]
}

/** The group's fields as one object, absent ones left out; undefined where all are absent. */
function tuple(names: readonly string[], text: RecordText | undefined): ValueText | undefined {
  const fields = fieldsOf(text)
  const entries = names.flatMap((name): Entry[] => {
    const value = fields.get(name)
    return value === undefined ? [] : [[name, value]]
  })
  return entries.length === 0 ? undefined : objectText(entries)
}
