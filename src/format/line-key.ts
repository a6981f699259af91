/**
 * The key of a line from its bytes, for merges of large files: most of their lines are the same on all sides, and parsing those took most of the time. Separate from
 * records-file.ts, which checks every rule for a line.
 */
import { bytesHash } from '../model/canonical.ts'
import type { Header } from './header.ts'
import { RECORD_START, parseLine } from './records-file.ts'

/** The UTF-8 bytes of a key, a character for each, so that `<` compares them as `compareBytes` compares keys. */
export type KeyBytes = string

/** Answers the key of the line in `bytes` from `from` up to `to`, where its line feed is. The line has the hash of its record. @throws DamagedError for a damaged line */
export type LineKey = (bytes: Buffer, from: number, to: number) => KeyBytes

const [QUOTE, BACKSLASH, COMMA, MINUS, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x2d, 0x7b, 0x7d]

/** Opens the keys of files with this header, whose records have sorted fields and are in one file. Answers undefined for other headers. */
export function openLineKeys(header: Header): LineKey | undefined {
  if (header.order !== 'sorted' || header.layout.kind !== 'single' || header.bucket !== 'records') return undefined
  const names = header.key.map((name) => Buffer.from(`${JSON.stringify(name)}:`))
  return (bytes, from, to) => {
    const plain = hasItsHash(bytes, from, to) ? plainKey(bytes, { from, to, names }) : undefined
    if (plain !== undefined) return plain
    return Buffer.from(parseLine(bytes.toString('utf8', from, to), header, { path: '', line: 0 }).key).toString(
      'latin1',
    )
  }
}

/** True for a line `{"h":"<hash>","r":{…}}` with the hash of the record in it. */
function hasItsHash(bytes: Buffer, from: number, to: number): boolean {
  if (bytes[to - 1] !== CLOSE || bytes[to - 2] !== CLOSE) return false
  const start = from + RECORD_START
  const hash = bytesHash(bytes.subarray(start, to - 1))
    .toString(16)
    .padStart(16, '0')
  return bytes.toString('latin1', from, start + 1) === `{"h":"${hash}","r":{`
}

interface LinePart {
  readonly from: number
  readonly to: number
  readonly names: readonly Buffer[]
}

/** The key where each of its values is a number or a string without escapes, and no object stands before it; undefined for others, which have to be parsed. */
function plainKey(bytes: Buffer, { from, to, names }: LinePart): KeyBytes | undefined {
  const start = from + RECORD_START
  let key = ''
  for (const name of names) {
    // the bytes of a name, behind a bracket or comma, stand nowhere else: a quote inside a string has a backslash
    const at = bytes.indexOf(name, start + 1)
    if (at < 0 || at >= to) return undefined
    if (at > start + 1 && (bytes[at - 1] !== COMMA || hasObject(bytes, start + 1, at))) return undefined
    const value = at + name.length
    const end = plainEnd(bytes, value)
    if (end === undefined || (bytes[end] !== COMMA && bytes[end] !== CLOSE)) return undefined
    key += `${key === '' ? '[' : ','}${bytes.toString('latin1', value, end)}`
  }
  return key === '' ? undefined : `${key}]`
}

function hasObject(bytes: Buffer, from: number, to: number): boolean {
  const at = bytes.indexOf(OPEN, from)
  return at >= 0 && at < to
}

/** Where a number, or a string without escapes, ends; undefined for another value. */
function plainEnd(bytes: Buffer, from: number): number | undefined {
  let i = from
  if (bytes[from] === QUOTE) {
    for (i++; bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH || i >= bytes.length) return undefined
    return i + 1
  }
  if (bytes[i] === MINUS) i++
  const digits = i
  while (isDigit(bytes[i])) i++
  return i > digits ? i : undefined
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}
