/**
 * Finds fields that hold the key of a record that loses it, although nobody said that they are references: `artist_id`, `parent`, `fk`, `subject_id` beside `subject_type`, ids
 * inside JSON. Whether they mean that record cannot be known: a person is asked.
 */
import { type KeyText, type RecordText, type ValueText, kindOf } from '../../model/canonical.ts'
import { type FieldUse, type LookedAt, fieldUses, isKnown, type KeyOwners, mayHold, plainKey } from './field-use.ts'
import { discriminatorOf, namesKeyOf } from './names.ts'
import { meantBy } from './proposals.ts'
import { plainText } from './referred.ts'
import type { Line } from './world.ts'
import { documentFields } from '../../model/documents.ts'

/** A record that loses its key, of one field. */
export interface DisplacedKey {
  readonly collection: string
  readonly key: KeyText
  /** The line of history on which the other record of this key came, a position in the lines; undefined where every record that holds the key may mean this one. */
  readonly line: number | undefined
}

/** A value that may refer to a record that loses its key. */
export interface Holding {
  readonly collection: LookedAt
  readonly field: string
  /** The key of the record that holds the value. */
  readonly key: KeyText
  readonly record: RecordText
  readonly lost: DisplacedKey
  /** The key stands inside the value (JSON, a document): it cannot be followed there. */
  readonly inside: boolean
}

/** Every value in a field of which nothing is known that is, or contains, a lost key. */
export function holdings(collections: Iterable<LookedAt>, lost: readonly DisplacedKey[]): Holding[] {
  const byValue = new Map<string, DisplacedKey[]>()
  for (const each of lost) {
    const value = plainKey(each.key.slice(1, -1))
    byValue.set(value, [...(byValue.get(value) ?? []), each])
  }
  const found: Holding[] = []
  for (const collection of byValue.size === 0 ? [] : collections)
    for (const [key, text] of collection.records) {
      const record = documentFields(text)
      for (const [field, value] of record) {
        const hit = [...(byValue.get(plainKey(value)) ?? [])].map((each) => ({ lost: each, inside: false }))
        const mentioned = holdsMore(value) ? mentionsOf(value, byValue) : []
        for (const each of [...hit, ...mentioned])
          if (!isKnown(collection.known, field, record) && !isOwnKeyOf(collection, field, each.lost))
            found.push({ collection, field, key, record: text, ...each })
      }
    }
  return found
}

function isOwnKeyOf({ name, key }: LookedAt, field: string, lost: DisplacedKey): boolean {
  return name === lost.collection && key.includes(field)
}

/** Of the values found, those that may mean the record which loses its key: by whose they are, and by name and values of their field. */
export function suspects(
  found: readonly Holding[],
  at: {
    readonly collections: readonly LookedAt[]
    readonly owners: KeyOwners
    readonly lines: readonly Line[]
    /** Of all collections of the source. */
    readonly names: readonly string[]
  },
): Holding[] {
  const uses = new Map<string, FieldUse>()
  const useOf = (holding: Holding): FieldUse | undefined => {
    const id = `${holding.collection.name}\n${holding.field}`
    const [use] = uses.has(id)
      ? [uses.get(id)]
      : fieldUses(holding.collection, at.owners, { wants: (field) => field === holding.field })
    if (use !== undefined) uses.set(id, use)
    return use
  }
  return found.filter((holding) => mayBeOurs(holding, at.lines) && isPlausible(holding, at, useOf))
}

/**
 * False where the other side's line has the value in this record and did not write it there after the two parted, or has the very same record: then it refers to that side's
 * record. Two records of one number that look alike may be two, each its own side's.
 */
function mayBeOurs({ collection, field, key, record, lost }: Holding, lines: readonly Line[]): boolean {
  const line = lost.line === undefined ? undefined : lines[lost.line]
  if (line === undefined) return true
  const [base, theirs] = [line.base.get(collection.name)?.get(key), line.theirs.get(collection.name)?.get(key)]
  const value = fieldOf(record, field)
  if (fieldOf(theirs, field) !== value) return true
  return fieldOf(base, field) !== value && (collection.serial || record !== theirs)
}

function fieldOf(record: RecordText | undefined, field: string): ValueText | undefined {
  return record === undefined ? undefined : documentFields(record).get(field)
}

function isPlausible(
  holding: Holding,
  at: { readonly collections: readonly LookedAt[]; readonly names: readonly string[] },
  useOf: (holding: Holding) => FieldUse | undefined,
): boolean {
  const { collection, field, record, lost, inside } = holding
  if (inside) return true
  const fields = documentFields(record)
  const by = discriminatorOf(field, fields.keys())
  const value = by === undefined ? undefined : plainText(fields.get(by))
  const meant = by === undefined || value === undefined ? undefined : meantBy(collection, { ...at, by, value })
  if (meant !== undefined) return meant === lost.collection
  const use = useOf(holding)
  return use !== undefined && mayHold(use, lost.collection)
}

/** Values in which a key can stand inside. */
function holdsMore(value: ValueText): boolean {
  const kind = kindOf(value)
  return kind === 'object' || kind === 'array' || (kind === 'string' && /^"\s*[[{]/.test(value))
}

/** Keys that stand inside JSON: a number under a name like `artistId`, a key that is more than a number anywhere. */
function mentionsOf(
  value: ValueText,
  byValue: ReadonlyMap<string, readonly DisplacedKey[]>,
): { readonly lost: DisplacedKey; readonly inside: true }[] {
  const text = plainText(value) ?? value
  const found = new Set<DisplacedKey>()
  for (const [, name, number] of text.matchAll(/"([A-Za-z0-9_]+)"\s*:\s*"?(-?\d+)"?/g))
    for (const lost of byValue.get(number as string) ?? [])
      if (namesKeyOf(name as string, lost.collection)) found.add(lost)
  for (const [key, all] of byValue)
    if (key.length > SHORT && !/^-?\d+$/.test(key) && value !== key && text.includes(key))
      for (const lost of all) found.add(lost)
  return [...found].map((lost) => ({ lost, inside: true }))
}

/** A shorter text may stand anywhere by chance. */
const SHORT = 8
