/**
 * Decodes field names and remembers them. Decoding spends most of its time on turning bytes into strings, and most documents of a collection have the same names.
 * Separate from decode.ts because only this part keeps something between two calls. Its results do not depend on what was remembered.
 */
import { stringText } from '../../model/canonical.ts'
import { isAmbiguousName } from '../../model/documents.ts'

/** A field name in a document. */
export interface Name {
  readonly text: string
  /** In bytes, without the zero byte at its end. */
  readonly length: number
  readonly bytes: Buffer
}

/** What writing a field name as JSON has to know. */
export interface NameFacts {
  /** The name as a JSON string. */
  readonly json: string
  /** Starts with `$`, looks like an integer or is `__proto__`. */
  readonly ambiguous: boolean
}

/** The number of names that are remembered; then all are forgotten. */
const MAX_REMEMBERED = 10_000

const byHash = new Map<number, Name>()

const byText = new Map<string, NameFacts>()

/** The name that starts at `start` and ends at the next zero byte; undefined where there is no zero byte or the name is not UTF-8. */
export function nameAt(bytes: Buffer, start: number): Name | undefined {
  let hash = 0
  let end = start
  for (let byte = bytes[end]; byte !== 0; byte = bytes[++end]) {
    if (byte === undefined) return undefined
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  const known = byHash.get(hash)
  return known !== undefined && isAt(known, bytes, { start, end }) ? known : remember(hash, bytes.subarray(start, end))
}

function isAt(
  { bytes: known, length }: Name,
  bytes: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
): boolean {
  if (length !== end - start) return false
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false
  return true
}

function remember(hash: number, bytes: Buffer): Name | undefined {
  const text = utf8(bytes, 0, bytes.length)
  if (text === undefined) return undefined
  const name = { text, length: bytes.length, bytes: Buffer.from(bytes) }
  if (byHash.size >= MAX_REMEMBERED) byHash.clear()
  byHash.set(hash, name)
  return name
}

/** The name's JSON text, and whether readers of JSON would reorder, refuse or misread a field of this name. */
export function nameFacts(name: string): NameFacts {
  const known = byText.get(name)
  if (known !== undefined) return known
  const facts = { json: stringText(name), ambiguous: isAmbiguousName(name) }
  if (byText.size >= MAX_REMEMBERED) byText.clear()
  byText.set(name, facts)
  return facts
}

/** The string of some bytes; undefined if they are not UTF-8. Node decodes invalid bytes to U+FFFD, so only a string that contains U+FFFD has to be compared with the bytes. */
export function utf8(bytes: Buffer, start: number, end: number): string | undefined {
  const value = bytes.toString('utf8', start, end)
  if (!value.includes('\uFFFD')) return value
  return Buffer.from(value, 'utf8').equals(bytes.subarray(start, end)) ? value : undefined
}
