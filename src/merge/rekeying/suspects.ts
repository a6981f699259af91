/**
 * What looks like a reference but is not declared as one: `artist_id` without a foreign key, `subject_type` with `subject_id`, ids inside JSON. Where live holds such a
 * value of a record that is to get another key, nobody can tell what would follow it: better to ask than to mislead.
 */
import { kindOf, splitObject, type KeyText, type RecordText, type ValueText } from '../../model/canonical.ts'
import type { Follower } from './following.ts'
import type { Line, Records } from './world.ts'

/** A collection that may refer to records in ways that nobody declared. */
export interface SuspectCollection {
  readonly name: string
  readonly live: Records
  /** Fields of declared or configured references, and those said to be none. */
  readonly known: ReadonlySet<string>
}

/** A field that seems to refer to a record which is to get another key. */
export interface Suspect {
  readonly collection: string
  readonly field: string
  readonly parent: Follower
}

/** The first of each field. */
export function suspects(
  collections: Iterable<SuspectCollection>,
  followers: readonly Follower[],
  lines: readonly Line[],
): Suspect[] {
  const drawn = followers.filter(({ fields }) => [...fields.values()].some(({ kind }) => kind !== 'parent'))
  const found = new Map<string, Suspect>()
  for (const each of drawn.length === 0 ? [] : collections)
    for (const [key, record] of each.live) {
      const own = drawn.filter(({ line }) => lines[line]?.theirs.get(each.name)?.get(key) !== record)
      for (const [field, value] of own.length === 0 ? [] : splitObject(record)) {
        if (each.known.has(field) || found.has(`${each.name}\n${field}`)) continue
        const parent = own.find((one) => !isSelf(one, each.name, key) && refersTo(one, { field, value, record }))
        if (parent !== undefined) found.set(`${each.name}\n${field}`, { collection: each.name, field, parent })
      }
    }
  return [...found.values()]
}

function isSelf(follower: Follower, collection: string, key: KeyText): boolean {
  return follower.collection === collection && follower.key === key
}

interface Place {
  readonly field: string
  readonly value: ValueText
  readonly record: RecordText
}

function refersTo(follower: Follower, { field, value, record }: Place): boolean {
  const number = plain(follower.key.slice(1, -1))
  if (holdsJson(value)) return mentions(value, number, follower.collection)
  if (plain(value) !== number) return false
  return namesKeyOf(field, follower.collection) || isPolymorphic(field, record, follower.collection)
}

function plain(value: ValueText): string {
  return /^"(-?\d+)"$/.exec(value)?.[1] ?? value
}

/** `artist_id`, `artistId`, `main_artist_id` name the key of `artist` and of `artists`. */
export function namesKeyOf(field: string, collection: string): boolean {
  return namesOf(collection).some((name) => new RegExp(`(^|_)${name}_(id|no|number|ref|key)$`).test(snake(field)))
}

/** `subject_type` beside `subject_id` says which table is meant. */
function isPolymorphic(field: string, record: RecordText, collection: string): boolean {
  const stem = /^(.*)_id$/.exec(snake(field))?.[1]
  if (stem === undefined) return false
  for (const [name, value] of splitObject(record))
    if (snake(name) === `${stem}_type`) return namesOf(collection).includes(snake(plainText(value)))
  return false
}

/** The table's name without its schema, as it is and in the singular. */
function namesOf(collection: string): string[] {
  const name = snake(collection.slice(collection.lastIndexOf('.') + 1).replaceAll('"', ''))
  const singular = name.endsWith('ies') ? `${name.slice(0, -3)}y` : name.replace(/(?<=(?:x|ch|sh|ss))es$|(?<!s)s$/, '')
  return [...new Set([name, singular])].map((each) => each.replace(/[^a-z0-9_]/g, '_'))
}

function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
}

function plainText(value: ValueText): string {
  return kindOf(value) === 'string' ? (JSON.parse(value) as string) : value
}

function holdsJson(value: ValueText): boolean {
  const kind = kindOf(value)
  return kind === 'object' || kind === 'array' || (kind === 'string' && /^"\s*[[{]/.test(value))
}

/** A name like the ones above, with this number: `"artistId": 191`. */
function mentions(value: ValueText, number: string, collection: string): boolean {
  const text = plainText(value)
  for (const [, name, found] of text.matchAll(/"([A-Za-z0-9_]+)"\s*:\s*"?(-?\d+)"?/g))
    if (found === number && namesKeyOf(name as string, collection)) return true
  return false
}
