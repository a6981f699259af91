/** Which file a record is in. This depends only on its key and the collection's layout, so every machine writes the same files. */
import {
  type KeyText,
  type RecordText,
  highHalf,
  keyHash,
  kindOf,
  splitArray,
  splitObject,
} from '../model/canonical.ts'
import type { CollectionSchema, Layout } from '../model/collection.ts'
import { packedIn } from '../model/packed-records.ts'
import type { Records } from '../model/records.ts'

/** A collection with at most this many records is one file. */
const SINGLE_LIMIT = 250

/** The number of records per file for which a layout of several files is chosen. */
const RECORDS_PER_FILE = 64

/** `single`, `hash:6` or `range:6`, as it stands in headers and `collection.json`. */
export function layoutText(layout: Layout): string {
  if (layout.kind === 'single') return 'single'
  return layout.kind === 'hash' ? `hash:${layout.bits}` : `range:${layout.shift}`
}

/** The layout of a text made by `layoutText`; undefined for anything else. */
export function parseLayout(text: unknown): Layout | undefined {
  if (text === 'single') return { kind: 'single' }
  const match = typeof text === 'string' ? /^(hash|range):(\d{1,2})$/.exec(text) : null
  if (match === null) return undefined
  const size = Number(match[2])
  if (match[1] === 'range') return size <= 62 ? { kind: 'range', shift: size } : undefined
  return size >= 1 && size <= 24 ? { kind: 'hash', bits: size } : undefined
}

/** A key of one number that a double holds exactly. */
const SHORT_NUMBER = /^\[(\d{1,15})\]$/

/** The bucket of a key: the file's name without `.jsonl`. */
export function bucketOf(key: KeyText, layout: Layout): string {
  if (layout.kind === 'single') return 'records'
  if (layout.kind === 'hash') return hashBucket(highHalf(keyHash(key)), layout.bits)
  const short = SHORT_NUMBER.exec(key)
  if (short !== null) return shortBucket(Number(short[1]), layout.shift)
  const number = integerOf(key)
  return number === undefined ? 'other' : (number >> BigInt(layout.shift)).toString(16)
}

/** The bucket in layout `range` of a number of up to 15 digits. It is exact: such a number, and 2 to the power of a shift, are doubles without a rest. */
export function shortBucket(number: number, shift: number): string {
  return Math.floor(number / 2 ** shift).toString(16)
}

/** The bucket in layout `hash` of a key whose hash has these upper 32 bits. */
export function hashBucket(hashHigh: number, bits: number): string {
  return (hashHigh >>> (32 - bits)).toString(16).padStart(Math.ceil(bits / 4), '0')
}

/** Keys by bucket; buckets named in `present` are there even without a key. */
export function keysByBucket(
  keys: Iterable<KeyText>,
  layout: Layout,
  present: Iterable<string> = [],
): Map<string, KeyText[]> {
  const buckets = new Map([...present].map((bucket): [string, KeyText[]] => [bucket, []]))
  for (const key of keys) {
    const bucket = bucketOf(key, layout)
    const found = buckets.get(bucket)
    if (found === undefined) buckets.set(bucket, [key])
    else found.push(key)
  }
  return buckets
}

/** Records by bucket; buckets named in `present` are there even without a record, since a records file is emptied, never deleted. */
export function byBucket(
  records: Records,
  layout: Layout,
  present?: Iterable<string>,
): Map<string, Map<KeyText, RecordText>> {
  const buckets = keysByBucket(records.keys(), layout, present)
  return new Map([...buckets].map(([bucket, keys]) => [bucket, pickRecords(records, keys)]))
}

/** The records with these keys, all of which must be there. */
export function pickRecords(records: Records, keys: readonly KeyText[]): Map<KeyText, RecordText> {
  return new Map(keys.map((key) => [key, records.get(key) as RecordText]))
}

/** The layout for a new export: one file for a small collection, `range` when the key is a number that the database hands out, else `hash`. */
export function chooseLayout(schema: CollectionSchema, records: Records): Layout {
  const count = records.size
  if (count <= SINGLE_LIMIT) return { kind: 'single' }
  if (hasSerialKey(schema)) return rangeLayout(records)
  return { kind: 'hash', bits: Math.min(24, Math.max(1, Math.round(Math.log2(count / RECORDS_PER_FILE)))) }
}

/** True when the layout no longer fits: a mean of less than 25 or more than 250 records per file; for a single file, more than 250. */
export function needsRelayout(layout: Layout, count: number, files: number): boolean {
  if (layout.kind === 'single') return count > SINGLE_LIMIT
  const mean = count / Math.max(1, layout.kind === 'hash' ? 2 ** layout.bits : files)
  return mean < 25 || mean > 250
}

/** True when the key is one number that each database hands out by itself. */
export function hasSerialKey(schema: CollectionSchema): boolean {
  if (schema.key.length !== 1) return false
  return schema.fields.some((field) => field.name === schema.key[0] && field.serial === true)
}

/** The number in a one-field integer key, in any of its forms (bare digits, a string beyond 2^53, a typed value); undefined for other keys. */
export function integerOf(key: KeyText): bigint | undefined {
  if (/^\[-?\d+\]$/.test(key)) return BigInt(key.slice(1, -1))
  const [only, ...more] = splitArray(key)
  if (only === undefined || more.length > 0) return undefined
  const digits = kindOf(only) === 'object' ? [...splitObject(only).values()][0] : only
  const match = /^"?(-?\d+)"?$/.exec(digits ?? '')
  return match?.[1] === undefined ? undefined : BigInt(match[1])
}

/** The range layout with about RECORDS_PER_FILE records per file, from the span of the numbers and how many of them are in use. */
function rangeLayout(records: Records): Layout {
  let low: number | bigint | undefined
  let high: number | bigint | undefined
  for (const number of numbersIn(records)) {
    if (number === undefined) continue
    if (low === undefined || number < low) low = number
    if (high === undefined || number > high) high = number
  }
  const span = Number(BigInt(high ?? 0) - BigInt(low ?? 0)) + 1
  const shift = Math.round(Math.log2((span / records.size) * RECORDS_PER_FILE))
  return { kind: 'range', shift: Math.min(62, Math.max(0, shift)) }
}

/** The number in each key. */
function* numbersIn(records: Records): Generator<number | bigint | undefined> {
  const packed = packedIn(records)
  if (packed === undefined) for (const key of records.keys()) yield integerOf(key)
  else
    for (let position = 0; position < packed.size; position++) {
      const short = packed.shortNumber(position)
      yield short < 0 ? integerOf(packed.key(position)) : short
    }
}
