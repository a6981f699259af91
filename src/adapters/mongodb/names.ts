/**
 * Field names from BSON bytes, remembered: most documents of a collection have the same ones, and turning bytes into strings is what decoding spends its time on.
 * Separate from decode.ts because it alone keeps something between two calls; what it returns never depends on that.
 */
import { stringText } from '../../model/canonical.ts'

export interface Name {
  readonly text: string
  /** In bytes, without the zero at the end. */
  readonly length: number
  readonly bytes: Buffer
}

export interface NameFacts {
  readonly json: string
  /** Starts with `$`, looks like an integer or is `__proto__`. */
  readonly ambiguous: boolean
}

const MAX_REMEMBERED = 10_000
const byHash = new Map<number, Name>()
const byText = new Map<string, NameFacts>()

/** The name that starts at `start` and ends at the next zero byte; undefined where there is none or it is no UTF-8. */
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

/** Its JSON text, and whether readers of JSON would reorder, refuse or misread it. */
export function nameFacts(name: string): NameFacts {
  const known = byText.get(name)
  if (known !== undefined) return known
  const ambiguous = name.startsWith('$') || name === '__proto__' || /^(?:0|[1-9]\d*)$/.test(name)
  const facts = { json: stringText(name), ambiguous }
  if (byText.size >= MAX_REMEMBERED) byText.clear()
  byText.set(name, facts)
  return facts
}

/** The string of some bytes, or undefined if they are no UTF-8. Node decodes invalid bytes to U+FFFD, so only a string that holds one needs a second look. */
export function utf8(bytes: Buffer, start: number, end: number): string | undefined {
  const value = bytes.toString('utf8', start, end)
  if (!value.includes('\uFFFD')) return value
  return Buffer.from(value, 'utf8').equals(bytes.subarray(start, end)) ? value : undefined
}
