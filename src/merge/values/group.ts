/** Critical fields are merged together as if they were one field, so that an amount from one side never ends up beside the ticker of the other. */
import { type RecordText, type ValueText, objectText } from '../../model/canonical.ts'
import type { MergeContext } from './context.ts'
import type { FieldEntry } from '../history/print.ts'
import { isDocument } from '../versions.ts'
import { type Register, fieldsOf, mapRegister } from '../history/writes.ts'

/** The merged values of the critical fields; undefined for a field that the record does not have. */
export type GroupValues = ReadonlyMap<string, ValueText | undefined>

/**
 * The merged values of the critical fields by name. Where both sides wrote any of them and differ, all are taken from one side, and one conflict names them all. Empty when
 * fewer than two critical fields are configured: a single one is merged as an ordinary field.
 */
export function mergeGroup(context: MergeContext, record: Register): GroupValues {
  const { critical, derived, order } = context.rules
  const names = critical.filter((name) => !derived.includes(name))
  if (names.length < 2) return new Map()
  const group = mapRegister(record, { at: (text) => tuple(names, text), holds: isDocument }, order)
  const settled = context.choices.settle(group)
  const value = settled === undefined ? takeWhole(context, names, group) : settled.value
  const fields = fieldsOf(value)
  return new Map(names.map((name) => [name, fields.get(name)] as const))
}

function takeWhole(context: MergeContext, names: readonly string[], group: Register): ValueText | undefined {
  const { side, rule } = context.choices.choose(group)
  const { base, ours, theirs } = group
  const [first, ...more] = names.filter((name) => [base, ours, theirs].some((text) => fieldsOf(text).has(name)))
  const shown = (text: ValueText | undefined): ValueText | undefined =>
    first === undefined || more.length > 0 ? text : fieldsOf(text).get(first)
  const field = [first ?? '', ...more].join(' + ')
  const values = { base: shown(base), ours: shown(ours), theirs: shown(theirs) }
  context.conflicts.push({ ...values, field, chosen: shown(group[side]), rule })
  return group[side]
}

/** The critical fields as one object, without those that are absent; undefined when all are absent. */
function tuple(names: readonly string[], text: RecordText | undefined): ValueText | undefined {
  const fields = fieldsOf(text)
  const entries = names.flatMap((name): FieldEntry[] => {
    const value = fields.get(name)
    return value === undefined ? [] : [[name, value]]
  })
  return entries.length === 0 ? undefined : objectText(entries)
}
