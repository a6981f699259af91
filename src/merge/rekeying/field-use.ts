/** Which collections a field could hold keys of, by its name and its values. Counts only; what follows from it is decided elsewhere, in the end by a person. */
import { type RecordText, type ValueText, splitObject } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import type { KnownField } from '../../model/known-field.ts'
import type { Records } from '../../model/records.ts'
import { measures, resembles } from './names.ts'
import { plainText } from './referred.ts'

/** A collection whose fields are looked at. */
export interface LookedAt {
  readonly name: string
  readonly key: readonly string[]
  /** Its key is a number that the database hands out by itself. */
  readonly serial: boolean
  readonly records: Records
  /** Fields of which it is known whether they are references. */
  readonly known: ReadonlyMap<string, KnownField>
  /** Declared and configured references. */
  readonly references: readonly Reference[]
}

/** How one field is used. */
export interface FieldUse {
  readonly collection: LookedAt
  readonly field: string
  /** Records with a value in it that is not null. */
  readonly filled: number
  /** Collection → how many of them have a value that is one of its keys. */
  readonly fits: ReadonlyMap<string, number>
}

/** Value of a key → the collections that have it. */
export type KeyOwners = ReadonlyMap<string, readonly string[]>

/** The keys of all collections that have a key of one field. */
export function keyOwners(collections: Iterable<LookedAt>): KeyOwners {
  const owners = new Map<string, string[]>()
  for (const { name, key, records } of collections)
    for (const each of key.length === 1 ? records.keys() : []) {
      const value = plainKey(each.slice(1, -1))
      const known = owners.get(value)
      if (known === undefined) owners.set(value, [name])
      else known.push(name)
    }
  return owners
}

/** A value as keys are compared: an integer as its digits, in whatever form it is written. */
export function plainKey(value: ValueText): string {
  const text = /^\{"\$(?:numberLong|numberInt|int|numberDouble|real)":"(-?\d+)(?:\.0+)?"\}$/.exec(value)?.[1]
  return text ?? /^"?(-?\d+)"?$/.exec(value)?.[1] ?? value
}

/** True when it is known whether the field is a reference in this record. */
export function isKnown(known: LookedAt['known'], field: string, record: ReadonlyMap<string, ValueText>): boolean {
  const entry = known.get(field)
  if (entry === undefined || entry === 'always') return entry === 'always'
  const value = plainText(record.get(entry.by))
  return value === undefined || value === 'null' || entry.values.has(value)
}

/** The use of the fields of one collection of which nothing is known, as far as `wants` asks for them. */
export function fieldUses(
  collection: LookedAt,
  owners: KeyOwners,
  options: {
    readonly wants: (field: string) => boolean
    /** Only these records are counted; default: all. */
    readonly records?: Iterable<RecordText>
  },
): FieldUse[] {
  const uses = new Map<string, { filled: number; readonly fits: Map<string, number> }>()
  for (const text of options.records ?? collection.records.values()) {
    const record = splitObject(text)
    for (const [field, value] of record) {
      if (value === 'null' || !options.wants(field) || isKnown(collection.known, field, record)) continue
      const use = uses.get(field) ?? { filled: 0, fits: new Map<string, number>() }
      uses.set(field, use)
      use.filled++
      for (const name of owners.get(plainKey(value)) ?? []) use.fits.set(name, (use.fits.get(name) ?? 0) + 1)
    }
  }
  return [...uses].map(([field, use]) => ({ collection, field, ...use }))
}

/** True when the field could hold keys of the collection: it is called after it, or most of its values are among its keys. */
export function mayHold({ collection, field, filled, fits }: FieldUse, parent: string): boolean {
  const fitting = fits.get(parent) ?? 0
  const isOwnKey = collection.key.length === 1 && collection.key[0] === field
  if (fitting === 0 || (isOwnKey && collection.name === parent)) return false
  if (resembles(field, parent)) return true
  if (isOwnKey && collection.serial) return false
  return !measures(field) && fitting * 2 > filled
}
