/** Which file a record is in. It depends on its key and the collection's layout only, so every machine writes the same files. */
import { keyHash, kindOf, splitArray, splitObject, type KeyText } from '../model/canonical.ts'
import type { CollectionSchema, Layout } from '../model/collection.ts'

/** Up to so many records a collection is one file. */
const SINGLE_LIMIT = 250
/** What a layout of several files aims at, in records a file. */
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

/** The bucket of a key: the file's name without `.jsonl`. */
export function bucketOf(key: KeyText, layout: Layout): string {
  if (layout.kind === 'single') return 'records'
  if (layout.kind === 'hash') {
    const digits = Math.ceil(layout.bits / 4)
    return (keyHash(key) >> BigInt(64 - layout.bits)).toString(16).padStart(digits, '0')
  }
  const number = integerOf(key)
  return number === undefined ? 'other' : (number >> BigInt(layout.shift)).toString(16)
}

/** The layout that fits a collection with these keys: one file, `range` for a single number that the database hands out, else `hash`. */
export function chooseLayout(schema: CollectionSchema, keys: Iterable<KeyText>, count: number): Layout {
  if (count <= SINGLE_LIMIT) return { kind: 'single' }
  if (hasSerialKey(schema)) return rangeLayout(keys, count)
  return { kind: 'hash', bits: Math.min(24, Math.max(1, Math.round(Math.log2(count / RECORDS_PER_FILE)))) }
}

/** True when the mean number of records a file has left 25–250 (one file: above 250 only). */
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
  const [only, ...more] = splitArray(key)
  if (only === undefined || more.length > 0) return undefined
  const digits = kindOf(only) === 'object' ? [...splitObject(only).values()][0] : only
  const match = /^"?(-?\d+)"?$/.exec(digits ?? '')
  return match?.[1] === undefined ? undefined : BigInt(match[1])
}

/** The shift under which consecutive numbers fill a file, widened by how sparse the numbers are. */
function rangeLayout(keys: Iterable<KeyText>, count: number): Layout {
  let low: bigint | undefined
  let high: bigint | undefined
  for (const key of keys) {
    const number = integerOf(key)
    if (number === undefined) continue
    if (low === undefined || number < low) low = number
    if (high === undefined || number > high) high = number
  }
  const span = Number((high ?? 0n) - (low ?? 0n)) + 1
  return { kind: 'range', shift: Math.min(62, Math.max(0, Math.round(Math.log2((span / count) * RECORDS_PER_FILE)))) }
}
