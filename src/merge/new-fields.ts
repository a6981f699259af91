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

/** The base with each new field set to the value most records of one side have; unchanged where most have none. Symmetric in ours and theirs. */
export function withFilledIn(sides: MigratedSides, fields: readonly string[]): Records {
  const filled = fields.flatMap((field) => {
    const value = commonest(field, [sides.ours, sides.theirs])
    return value === undefined ? [] : [[field, value] as const]
  })
  if (filled.length === 0) return sides.base
  return new Map(
    [...sides.base].map(([key, text]) => [key, sortedObjectText(new Map([...filled, ...splitObject(text)]))]),
  )
}

interface Candidate {
  readonly value: ValueText | undefined
  readonly share: number
}

/** The value with the greatest share of one side's records; of equal shares, the smaller bytes. */
function commonest(field: string, sides: readonly Records[]): ValueText | undefined {
  const candidates = sides.flatMap((side) => mostOf(field, side))
  candidates.sort((a, b) => b.share - a.share || compareBytes(a.value ?? '', b.value ?? ''))
  return candidates[0]?.value
}

function mostOf(field: string, records: Records): Candidate[] {
  const counts = new Map<ValueText | undefined, number>()
  for (const text of records.values()) {
    const value = splitObject(text).get(field)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return [...counts].map(([value, count]) => ({ value, share: count / records.size }))
}
