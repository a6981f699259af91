/**
 * Fields that both sides got by a migration since the base. What the migration filled into existing records is nobody's edit: it counts as if the base had it, so that a
 * value written into the new field on one machine is not taken back by the default that the other machine's migration fills in later.
 */
import {
  compareBytes,
  sortedObjectText,
  splitObject,
  type KeyText,
  type RecordText,
  type ValueText,
} from '../model/canonical.ts'

type Records = ReadonlyMap<KeyText, RecordText>

export interface MigratedSides {
  readonly base: Records
  readonly ours: Records
  readonly theirs: Records
}

/**
 * The base with each new field set to what the migration filled in: the value that most records have on both sides alike. Where the sides' commonest values differ nobody
 * can tell a default from an edit, and where one side's record lacks the field that machine had not migrated yet: there the base stays as it is, and a difference is
 * decided and reported like any other. Symmetric in ours and theirs.
 */
export function withFilledIn(
  sides: MigratedSides,
  fields: readonly string[],
  defaults: ReadonlyMap<string, ValueText> = new Map(),
): Records {
  const filled = filledFields(sides, fields, defaults)
  if (filled.length === 0) return sides.base
  return new Map(
    [...sides.base].map(([key, text]) => [key, fillRecord(text, filled, [sides.ours.get(key), sides.theirs.get(key)])]),
  )
}

/** A new field and the value that a migration filled in. */
export type FilledField = readonly [field: string, value: ValueText]

/**
 * Which of the new fields a migration filled in, and with what: its default, where that is known from this machine's database and most records of a side have it, so that
 * the other side may have edited every record; else what both sides have alike.
 */
export function filledFields(
  sides: Pick<MigratedSides, 'ours' | 'theirs'>,
  fields: readonly string[],
  defaults: ReadonlyMap<string, ValueText> = new Map(),
): FilledField[] {
  return fields.flatMap((field) => {
    const [ours, theirs] = [commonest(field, sides.ours), commonest(field, sides.theirs)]
    const preset = defaults.get(field)
    const value = preset !== undefined && [ours, theirs].includes(preset) ? preset : ours === theirs ? ours : undefined
    return value === undefined ? [] : [[field, value] as const]
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

/** The value that most records have, absence too; of equally frequent ones, the smaller bytes. */
function commonest(field: string, records: Records): ValueText | undefined {
  const counts = new Map<ValueText | undefined, number>()
  for (const text of records.values()) {
    const value = splitObject(text).get(field)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || compareBytes(a ?? '', b ?? ''))
  return sorted[0]?.[0]
}
