/**
 * Fields that a migration added on both sides since the base. The value that the migration filled into existing records is nobody's edit, so the base is treated as if it had
 * that value. Otherwise a value that somebody wrote into the new field on one machine could lose to the default that the other machine's migration filled in later.
 */
import type { Records } from '../model/records.ts'
import { type RecordText, type ValueText, compareBytes, sortedObjectText, splitObject } from '../model/canonical.ts'

/** The records of one collection in its three versions. */
export interface MigratedSides {
  readonly base: Records
  readonly ours: Records
  readonly theirs: Records
}

/**
 * The records of the base with the new fields set to the values that the migration filled in (`filledFields`). A record stays as it is where a side's record lacks the field,
 * because that machine had not been migrated yet: a difference is then decided and reported like any other. Swapping ours and theirs gives the same result.
 * @param fields names of the new fields
 * @param defaults defaults of new fields, as far as this machine's database states them
 */
export function withFilledIn(
  sides: MigratedSides,
  fields: readonly string[],
  defaults: ReadonlyMap<string, ValueText> = new Map(),
): Records {
  const declaring = new Map(fields.map((field) => [field, [sides.ours, sides.theirs]] as const))
  const filled = filledFields(declaring, defaults)
  if (filled.length === 0) return sides.base
  return new Map(
    [...sides.base].map(([key, text]) => [key, fillRecord(text, filled, [sides.ours.get(key), sides.theirs.get(key)])]),
  )
}

/** A new field and the value that a migration filled in. */
export type FilledField = readonly [field: string, value: ValueText]

/** New field → the records of the sides that declare it: one side where the other has not migrated yet. */
export type DeclaringSides = ReadonlyMap<string, readonly Records[]>

/**
 * Those of the new fields that a migration filled in, with the value: the known default, if it is the commonest value on at least one side (the other side may have edited every
 * record since); else the commonest value, if it is the same on all sides that declare the field. Otherwise a default cannot be told from an edit, and the field is left out. So it is
 * where a single side declares it and only one record has the value.
 */
export function filledFields(
  declaring: DeclaringSides,
  defaults: ReadonlyMap<string, ValueText> = new Map(),
): FilledField[] {
  return [...declaring].flatMap(([field, sides]) => {
    const found = sides.map((records) => commonest(field, records))
    const values = new Set(found.map(({ value }) => value))
    const preset = defaults.get(field)
    if (preset !== undefined && values.has(preset)) return [[field, preset] as const]
    const [value, ...others] = values
    const isSeenOnce = found.length === 1 && found[0]?.count === 1
    return value === undefined || others.length > 0 || isSeenOnce ? [] : [[field, value] as const]
  })
}

function fillRecord(
  text: RecordText,
  filled: readonly FilledField[],
  sides: readonly (RecordText | undefined)[],
): RecordText {
  const fields = sides.map((side) => (side === undefined ? undefined : splitObject(side)))
  const fitting = filled.filter(([field]) => fields.every((side) => side === undefined || side.has(field)))
  return fitting.length === 0 ? text : sortedObjectText(new Map([...fitting, ...splitObject(text)]))
}

interface Commonest {
  readonly value: ValueText | undefined
  /** How many records have it. */
  readonly count: number
}

/** The value that most records have in the field; undefined when most lack it. Of equally frequent values, the one with the smaller bytes. */
function commonest(field: string, records: Records): Commonest {
  const counts = new Map<ValueText | undefined, number>()
  for (const text of records.values()) {
    const value = splitObject(text).get(field)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const [first] = [...counts].sort(([a, m], [b, n]) => n - m || compareBytes(a ?? '', b ?? ''))
  return { value: first?.[0], count: first?.[1] ?? 0 }
}
