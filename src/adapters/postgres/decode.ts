/**
 * Turns rows of `COPY … TO STDOUT` into records. Every export spends most of its time here, so the code works on bytes and makes no object for a value: COPY's
 * escapes are nearly those of JSON, and most bytes of a row can be copied into its record.
 */
import type { LiveRecord } from '../../model/change.ts'
import type { CodedField, Coding } from './values.ts'

/** Turns the bytes of a COPY, chunk by chunk, into records. `end` is to be called after the last chunk. @throws Error from `end` when the bytes stopped within a row */
export interface RecordReader {
  read(chunk: Buffer): LiveRecord[]
  end(): void
}

/**
 * What the copying functions work on: the bytes read (`bytes`), the record written so far (`out` up to `at`), and all its bytes combined by OR (`seen`), which is
 * below 0x80 if the record is plain ASCII.
 */
interface CopyState {
  bytes: Buffer
  out: Buffer
  at: number
  seen: number
}

/** Copies one value from `bytes[from, to)` to the record. */
type Copier = (state: CopyState, from: number, to: number) => void

const NEWLINE = 0x0a

const TAB = 0x09

const BACKSLASH = 0x5c

const QUOTE = 0x22

const COMMA = 0x2c

const HEX = Buffer.from('0123456789abcdef')

const LARGEST_BARE = Buffer.from('9007199254740991')

const NO_VALUE = Buffer.from('null')

/**
 * A reader for rows of exactly these fields in this order; the caller gives them sorted by name, which is their order in a record. `key` names the key fields
 * among them; a key field that is NULL stands as `null` in the key.
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

/** A function that makes the record of the row in `bytes[start, end)`. It writes record and key, one behind the other, into a buffer that is used for all rows. */
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
  const state: CopyState = { bytes: NO_VALUE, out: Buffer.allocUnsafe(64 * 1024), at: 0, seen: 0 }
  return (bytes, start, end) => {
    const room = labelBytes + 12 * (end - start) + 16 * (fields.length + key.length + 2)
    if (state.out.length < room) state.out = Buffer.allocUnsafe(2 * room)
    state.bytes = bytes
    state.at = state.seen = 0
    let from = start
    for (let f = 0; f < labels.length; f++) {
      const to = endOfField(bytes, from, end)
      if (isNull(bytes, from, to)) starts[f] = ends[f] = 0
      else {
        copyLabel(state, labels[f] as Buffer)
        starts[f] = state.at
        ;(copiers[f] as Copier)(state, from, to)
        ends[f] = state.at
      }
      from = to + 1
    }
    const text = takeRecord(state)
    return { key: takeKey(state, keyFields, { starts, ends }), text }
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

function copyLabel(state: CopyState, label: Buffer): void {
  const { out } = state
  let at = state.at
  for (let i = 0; i < label.length; i++) {
    const byte = label[i] as number
    state.seen |= byte
    out[at++] = byte
  }
  state.at = at
}

/** The text of the record. The comma before its first field is overwritten with the opening bracket. */
function takeRecord(state: CopyState): string {
  if (state.at === 0) return '{}'
  state.out[0] = 0x7b
  state.out[state.at++] = 0x7d
  return state.out.toString(state.seen < 0x80 ? 'latin1' : 'utf8', 0, state.at)
}

/** Where the value of each field starts and ends in `CopyState.out`; both 0 where it is NULL. */
interface Spans {
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** The text of the key: the values of its fields are copied once more, behind the record. */
function takeKey(state: CopyState, keyFields: readonly number[], spans: Spans): string {
  const { out } = state
  const start = state.at
  out[state.at++] = 0x5b
  for (const [position, field] of keyFields.entries()) {
    if (position > 0) out[state.at++] = COMMA
    const from = spans.starts[field] ?? 0
    const to = spans.ends[field] ?? 0
    if (to === 0) state.at += NO_VALUE.copy(out, state.at)
    else state.at += out.copy(out, state.at, from, to)
  }
  out[state.at++] = 0x5d
  return out.toString(state.seen < 0x80 ? 'latin1' : 'utf8', start, state.at)
}

const copyText: Copier = (state, from, to) => {
  const { bytes, out } = state
  let at = state.at
  let seen = state.seen
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
      // other control characters, which COPY does not escape, and \v, for which JSON has no short form
      at = writeControl(out, at, byte === BACKSLASH ? 0x0b : byte)
      if (byte === BACKSLASH) i++
    }
  }
  out[at++] = QUOTE
  state.at = at
  state.seen = seen
}

/** `\u00xx`, in lower case as JSON.stringify writes it. */
function writeControl(out: Buffer, at: number, byte: number): number {
  out.write('\\u00', at, 'latin1')
  out[at + 4] = HEX[byte >> 4] as number
  out[at + 5] = HEX[byte & 15] as number
  return at + 6
}

/** The server's text of a jsonb value contains no control characters, so doubled backslashes are all that COPY escapes in it. */
const copyJson: Copier = (state, from, to) => {
  const { bytes, out } = state
  let at = state.at
  let seen = state.seen
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number
    seen |= byte
    if (byte === BACKSLASH) i++
    out[at++] = byte
  }
  state.at = at
  state.seen = seen
}

const copyBoolean: Copier = (state, from) => {
  state.at += state.out.write(state.bytes[from] === 0x74 ? 'true' : 'false', state.at, 'latin1')
}

/** Digits are bare where a JavaScript number can hold them exactly, whatever the size of the column's type, so that changing int4 to int8 changes no record. */
const copyInteger: Copier = (state, from, to) => {
  const digits = state.bytes[from] === 0x2d ? from + 1 : from
  const bare = to - digits < LARGEST_BARE.length || !exceedsLargest(state.bytes, digits, to)
  if (!bare) state.out[state.at++] = QUOTE
  for (let i = from; i < to; i++) state.out[state.at++] = state.bytes[i] as number
  if (!bare) state.out[state.at++] = QUOTE
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
