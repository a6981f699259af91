/**
 * Rows of `COPY … TO STDOUT` as records. It works on bytes and makes no object per value: COPY's escapes are nearly JSON's, so a row becomes its record almost
 * by copying. Apart from values.ts because it is the hot path of every export.
 */
import type { LiveRecord } from '../../model/change.ts'
import type { CodedField, Coding } from './values.ts'

/** Turns the bytes of a COPY, chunk by chunk, into records; `end` complains when they stopped within a row. */
export interface RecordReader {
  read(chunk: Buffer): LiveRecord[]
  end(): void
}

/** What the copying functions share: the bytes read, the record being written, and whether anything in it is outside ASCII. */
interface Desk {
  bytes: Buffer
  out: Buffer
  at: number
  seen: number
}

/** Copies one value from `bytes[from, to)` to the record. */
type Copier = (desk: Desk, from: number, to: number) => void

const NEWLINE = 0x0a
const TAB = 0x09
const BACKSLASH = 0x5c
const QUOTE = 0x22
const COMMA = 0x2c
const HEX = Buffer.from('0123456789abcdef')
const LARGEST_BARE = Buffer.from('9007199254740991')
const NO_VALUE = Buffer.from('null')

/**
 * A reader for rows of exactly these fields in this order (sorted by name, so that the record needs no sorting). `key` names fields among them; a key field
 * that is NULL stands as `null` in the key.
 */
export function recordReader(fields: readonly CodedField[], key: readonly string[]): RecordReader {
  const write = rowWriter(fields, key)
  let pending: Buffer[] = []
  return {
    read(chunk) {
      if (!chunk.includes(NEWLINE)) {
        pending.push(chunk)
        return []
      }
      const bytes = pending.length === 0 ? chunk : Buffer.concat([...pending, chunk])
      const records: LiveRecord[] = []
      let start = 0
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        records.push(write(bytes, start, end))
        start = end + 1
      }
      pending = start === bytes.length ? [] : [bytes.subarray(start)]
      return records
    },
    end() {
      if (pending.some((part) => part.length > 0)) throw new Error('the data of a table stopped within a row')
    },
  }
}

/** Writes a row's record, and behind it its key, into a buffer that it keeps, and takes both out as strings. */
function rowWriter(
  fields: readonly CodedField[],
  key: readonly string[],
): (bytes: Buffer, start: number, end: number) => LiveRecord {
  const labels = fields.map(({ name }) => Buffer.from(`,${JSON.stringify(name)}:`))
  const copiers = fields.map(({ coding }) => COPIERS[coding])
  const keyFields = key.map((name) => fields.findIndex((field) => field.name === name))
  const labelBytes = labels.reduce((sum, label) => sum + label.length, 0)
  const starts = new Int32Array(fields.length)
  const ends = new Int32Array(fields.length)
  const desk: Desk = { bytes: NO_VALUE, out: Buffer.allocUnsafe(64 * 1024), at: 0, seen: 0 }
  return (bytes, start, end) => {
    const room = labelBytes + 12 * (end - start) + 16 * (fields.length + key.length + 2)
    if (desk.out.length < room) desk.out = Buffer.allocUnsafe(2 * room)
    desk.bytes = bytes
    desk.at = desk.seen = 0
    let from = start
    for (let f = 0; f < labels.length; f++) {
      const to = endOfField(bytes, from, end)
      if (isNull(bytes, from, to)) starts[f] = ends[f] = 0
      else {
        copyLabel(desk, labels[f] as Buffer)
        starts[f] = desk.at
        ;(copiers[f] as Copier)(desk, from, to)
        ends[f] = desk.at
      }
      from = to + 1
    }
    const text = takeRecord(desk)
    return { key: takeKey(desk, keyFields, { starts, ends }), text }
  }
}

function endOfField(bytes: Buffer, from: number, end: number): number {
  let i = from
  while (i < end && bytes[i] !== TAB) i++
  return i
}

function isNull(bytes: Buffer, from: number, to: number): boolean {
  return to - from === 2 && bytes[from] === BACKSLASH && bytes[from + 1] === 0x4e
}

function copyLabel(desk: Desk, label: Buffer): void {
  const { out } = desk
  let at = desk.at
  for (let i = 0; i < label.length; i++) {
    const byte = label[i] as number
    desk.seen |= byte
    out[at++] = byte
  }
  desk.at = at
}

/** The record's text; the comma before the first field becomes the opening bracket. */
function takeRecord(desk: Desk): string {
  if (desk.at === 0) return '{}'
  desk.out[0] = 0x7b
  desk.out[desk.at++] = 0x7d
  return desk.out.toString(desk.seen < 0x80 ? 'latin1' : 'utf8', 0, desk.at)
}

interface Spans {
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** The key's text: its fields' texts are copied once more behind the record. */
function takeKey(desk: Desk, keyFields: readonly number[], spans: Spans): string {
  const { out } = desk
  const start = desk.at
  out[desk.at++] = 0x5b
  for (const [position, field] of keyFields.entries()) {
    if (position > 0) out[desk.at++] = COMMA
    const from = spans.starts[field] ?? 0
    const to = spans.ends[field] ?? 0
    if (to === 0) desk.at += NO_VALUE.copy(out, desk.at)
    else desk.at += out.copy(out, desk.at, from, to)
  }
  out[desk.at++] = 0x5d
  return out.toString(desk.seen < 0x80 ? 'latin1' : 'utf8', start, desk.at)
}

const copyText: Copier = (desk, from, to) => {
  const { bytes, out } = desk
  let at = desk.at
  let seen = desk.seen
  out[at++] = QUOTE
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number
    seen |= byte
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) out[at++] = byte
    else if (byte === QUOTE) {
      out[at++] = BACKSLASH
      out[at++] = QUOTE
    } else if (byte === BACKSLASH && bytes[i + 1] !== 0x76) {
      // \\ \b \f \n \r \t are written alike in COPY and JSON
      out[at++] = BACKSLASH
      out[at++] = bytes[++i] as number
    } else {
      // other control characters, which COPY writes raw, and \v, which JSON has no short form for
      at = writeControl(out, at, byte === BACKSLASH ? 0x0b : byte)
      if (byte === BACKSLASH) i++
    }
  }
  out[at++] = QUOTE
  desk.at = at
  desk.seen = seen
}

/** `\u00xx`, in lower case as JSON.stringify writes it. */
function writeControl(out: Buffer, at: number, byte: number): number {
  out.write('\\u00', at, 'latin1')
  out[at + 4] = HEX[byte >> 4] as number
  out[at + 5] = HEX[byte & 15] as number
  return at + 6
}

/** jsonb: the server's text holds no raw control characters, so the only escape COPY adds is the doubled backslash. */
const copyJson: Copier = (desk, from, to) => {
  const { bytes, out } = desk
  let at = desk.at
  let seen = desk.seen
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number
    seen |= byte
    if (byte === BACKSLASH) i++
    out[at++] = byte
  }
  desk.at = at
  desk.seen = seen
}

const copyBoolean: Copier = (desk, from) => {
  desk.at += desk.out.write(desk.bytes[from] === 0x74 ? 'true' : 'false', desk.at, 'latin1')
}

/** Digits stand bare where a JavaScript number can hold them exactly, so that widening a column changes no line. */
const copyInteger: Copier = (desk, from, to) => {
  const digits = desk.bytes[from] === 0x2d ? from + 1 : from
  const bare = to - digits < LARGEST_BARE.length || !exceedsLargest(desk.bytes, digits, to)
  if (!bare) desk.out[desk.at++] = QUOTE
  for (let i = from; i < to; i++) desk.out[desk.at++] = desk.bytes[i] as number
  if (!bare) desk.out[desk.at++] = QUOTE
}

function exceedsLargest(bytes: Buffer, from: number, to: number): boolean {
  return to - from > LARGEST_BARE.length || bytes.compare(LARGEST_BARE, 0, LARGEST_BARE.length, from, to) > 0
}

const COPIERS: Readonly<Record<Coding, Copier>> = {
  boolean: copyBoolean,
  integer: copyInteger,
  jsonb: copyJson,
  text: copyText,
}
