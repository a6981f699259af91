/**
 * From a row of `COPY … TO STDOUT` to the canonical text of its record and key. Every export spends most of its time here, so the code works on bytes and makes no object for a
 * value: COPY's escapes are nearly those of JSON, and most bytes of a row can be copied into its record.
 */
import type { CodedField, Coding } from './values.ts'

/**
 * What the copying functions work on: the bytes read (`bytes`), the records written (`out` up to `at`) and their keys (`keys` up to `keyAt`), and all bytes of them combined by OR
 * (`seen`), which is below 0x80 if they are plain ASCII.
 */
export interface CopyState {
  bytes: Buffer
  out: Buffer
  at: number
  keys: Buffer
  keyAt: number
  seen: number
  /** A key field of a row was NULL. */
  lacksKey: boolean
}

/** Copies the value that begins at `from` of `bytes` to the record, and returns where it ends: at the tab before the next value, or at `end`, where the row ends. */
type Copier = (state: CopyState, from: number, end: number) => number

const TAB = 0x09

const BACKSLASH = 0x5c

const QUOTE = 0x22

const COMMA = 0x2c

const HEX = Buffer.from('0123456789abcdef')

const LARGEST_BARE = Buffer.from('9007199254740991')

const NO_VALUE = Buffer.from('null')

/** A state with `size` free bytes for records, and as many for keys. @param former its buffer of keys is used again if it is large enough */
export function newState(size: number, former?: CopyState): CopyState {
  const keys = former !== undefined && former.keys.length >= size ? former.keys : Buffer.allocUnsafeSlow(size)
  return { bytes: NO_VALUE, out: Buffer.allocUnsafeSlow(size), at: 0, keys, keyAt: 0, seen: 0, lacksKey: false }
}

/** Writes rows of fixed fields as records. */
export interface RowWriter {
  /** So many bytes have to be free behind `CopyState.at`, and behind `keyAt`, for a row of that many bytes. */
  room(rowBytes: number): number
  /** Writes the record of the row, and its key. */
  write(state: CopyState, bytes: Buffer, row: { readonly start: number; readonly end: number }): void
}

/** A writer for rows of these fields in this order; `key` names the key fields among them. */
export function rowWriter(fields: readonly CodedField[], key: readonly string[]): RowWriter {
  const labels = fields.map(({ name }) => Buffer.from(`,${JSON.stringify(name)}:`))
  const copiers = fields.map(({ coding }) => COPIERS[coding])
  const keyFields = key.map((name) => fields.findIndex((field) => field.name === name))
  const labelBytes = labels.reduce((sum, label) => sum + label.length, 0)
  const labelsSeen = Buffer.concat(labels).reduce((seen, byte) => seen | byte, 0)
  const starts = new Int32Array(fields.length)
  const ends = new Int32Array(fields.length)
  return {
    room: (rowBytes) => labelBytes + 6 * rowBytes + 16 * (fields.length + key.length + 2),
    write: (state, bytes, { start, end }) => {
      const begin = state.at
      state.bytes = bytes
      state.seen |= labelsSeen
      let from = start
      for (let f = 0; f < labels.length; f++) {
        if (isNull(bytes, from, end)) {
          starts[f] = ends[f] = 0
          from += 3
        } else {
          copyBytes(state, labels[f] as Buffer)
          starts[f] = state.at
          from = (copiers[f] as Copier)(state, from, end) + 1
          ends[f] = state.at
        }
      }
      endRecord(state, begin)
      copyKey(state, keyFields, { starts, ends })
    },
  }
}

/** NULL is `\N`; the same two characters in a value are written otherwise. */
function isNull(bytes: Buffer, from: number, end: number): boolean {
  return bytes[from] === BACKSLASH && bytes[from + 1] === 0x4e && from + 2 <= end
}

/** Few bytes, for which a call of `Buffer.copy` costs more than the copying. */
function copyBytes(state: CopyState, source: Buffer): void {
  const { out } = state
  let at = state.at
  for (let i = 0; i < source.length; i++) out[at++] = source[i] as number
  state.at = at
}

/** Closes the record that begins there. The comma before its first field is overwritten with the opening bracket. */
function endRecord(state: CopyState, begin: number): void {
  if (state.at === begin) state.at++
  state.out[begin] = 0x7b
  state.out[state.at++] = 0x7d
}

/** Where the value of each field starts and ends in `CopyState.out`; both 0 where it is NULL. */
interface Spans {
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** Writes the key: the values of its fields are copied once more. */
function copyKey(state: CopyState, keyFields: readonly number[], spans: Spans): void {
  const { out, keys } = state
  let at = state.keyAt
  keys[at++] = 0x5b
  for (let position = 0; position < keyFields.length; position++) {
    const field = keyFields[position] as number
    if (position > 0) keys[at++] = COMMA
    const from = spans.starts[field] ?? 0
    const to = spans.ends[field] ?? 0
    for (let i = from; i < to; i++) keys[at++] = out[i] as number
    if (to > 0) continue
    state.lacksKey = true
    at += NO_VALUE.copy(keys, at)
  }
  keys[at++] = 0x5d
  state.keyAt = at
}

const copyText: Copier = (state, from, end) => {
  const { bytes, out } = state
  let at = state.at
  let seen = state.seen
  let i = from
  out[at++] = QUOTE
  for (; i < end; i++) {
    const byte = bytes[i] as number
    if (byte === TAB) break
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
  return i
}

/** `\u00xx`, in lower case as JSON.stringify writes it. */
function writeControl(out: Buffer, at: number, byte: number): number {
  out.write('\\u00', at, 'latin1')
  out[at + 4] = HEX[byte >> 4] as number
  out[at + 5] = HEX[byte & 15] as number
  return at + 6
}

/** The server's text of a jsonb value contains no control characters, so doubled backslashes are all that COPY escapes in it. */
const copyJson: Copier = (state, from, end) => {
  const { bytes, out } = state
  let at = state.at
  let seen = state.seen
  let i = from
  for (; i < end; i++) {
    const byte = bytes[i] as number
    if (byte === TAB) break
    seen |= byte
    if (byte === BACKSLASH) i++
    out[at++] = byte
  }
  state.at = at
  state.seen = seen
  return i
}

const copyBoolean: Copier = (state, from) => {
  state.at += state.out.write(state.bytes[from] === 0x74 ? 'true' : 'false', state.at, 'latin1')
  return from + 1
}

/** Digits are bare where a JavaScript number can hold them exactly, whatever the size of the column's type, so that changing int4 to int8 changes no record. */
const copyInteger: Copier = (state, from, end) => {
  let to = from
  while (to < end && state.bytes[to] !== TAB) to++
  const digits = state.bytes[from] === 0x2d ? from + 1 : from
  const bare = to - digits < LARGEST_BARE.length || !exceedsLargest(state.bytes, digits, to)
  if (!bare) state.out[state.at++] = QUOTE
  for (let i = from; i < to; i++) state.out[state.at++] = state.bytes[i] as number
  if (!bare) state.out[state.at++] = QUOTE
  return to
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
