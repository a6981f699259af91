/** One records file: its text from records, and its records from text that nobody vouches for. Every rule of docs/format.md about such files is checked here. */
import { compareBytes, keyOf, recordHash, splitObject, type KeyText, type RecordText } from '../model/canonical.ts'
import { DamagedError } from '../model/errors.ts'
import { excerpt, headerText, parseHeader, type Header } from './header.ts'
import { bucketOf } from './layout.ts'

/** Longest line accepted, in characters; MongoDB's largest document (16 MiB of BSON) fits. */
const LINE_LIMIT = 96 * 1024 * 1024
/** Deepest nesting accepted; MongoDB allows 100 levels, wrappers may add some. */
const DEPTH_LIMIT = 400
/** `{"h":"0123456789abcdef","r":` */
const RECORD_START = 28

export interface RecordsFile {
  readonly header: Header
  readonly records: ReadonlyMap<KeyText, RecordText>
}

/** The whole text of a records file: header, then a line for each record sorted by key bytes; ends with a line feed. */
export function recordsFileText(header: Header, records: ReadonlyMap<KeyText, RecordText>): string {
  const lines = [...records].sort((a, b) => compareBytes(a[0], b[0])).map(([, text]) => recordLine(text, header.order))
  return `${headerText(header)}\n${lines.map((line) => `${line}\n`).join('')}`
}

/** One line: the record and its hash. */
export function recordLine(text: RecordText, order: Header['order']): string {
  return `{"h":"${recordHash(text, order)}","r":${text}}`
}

/**
 * Reads a records file that may come from anywhere.
 * @param path where it is, for messages
 * @throws DamagedError naming file, line and, where known, key: truncated, bad hash, duplicate key, out of order, wrong bucket, conflict markers, …
 */
export function parseRecordsFile(text: string, path: string): RecordsFile {
  const lines = text.split('\n')
  if (lines.pop() !== '')
    throw new DamagedError({ path, line: lines.length + 1 }, 'the last line is cut off (no line feed at its end)')
  const first = lines[0]
  if (first === undefined) throw new DamagedError({ path, line: 1 }, 'the file is empty: not even a header')
  if (isConflictMarker(first)) throw markerFound(path, 1)
  const header = parseHeader(first, path)
  const records = new Map<KeyText, RecordText>()
  let previous: KeyText | undefined
  for (let i = 1; i < lines.length; i++) {
    const { key, record } = parseLine(lines[i] ?? '', header, { path, line: i + 1 })
    if (records.has(key)) throw new DamagedError({ path, line: i + 1, key }, `key ${key} occurs twice`)
    if (previous !== undefined && compareBytes(previous, key) > 0)
      throw new DamagedError({ path, line: i + 1, key }, `key ${key} is out of order after ${previous}`)
    records.set(key, record)
    previous = key
  }
  return { header, records }
}

interface Place {
  readonly path: string
  readonly line: number
}

function parseLine(line: string, header: Header, place: Place): { key: KeyText; record: RecordText } {
  if (line.length > LINE_LIMIT)
    throw new DamagedError(place, `the line has ${line.length} characters; at most ${LINE_LIMIT} are read`)
  if (isConflictMarker(line)) throw markerFound(place.path, place.line)
  const match = /^\{"h":"([0-9a-f]{16})","r":\{/.exec(line)
  if (match === null || !line.endsWith('}'))
    throw new DamagedError(place, `expected {"h":"…","r":{…}}, found ${excerpt(line)}`)
  const record = line.slice(RECORD_START, -1)
  checkNesting(record, place)
  const key = keyIn(record, header, place)
  if (hashOf(record, header, place) !== match[1])
    throw new DamagedError(
      { ...place, key },
      `the hash of record ${key} does not fit: the line was changed or damaged`,
      {
        hint: 'Take the file from git again (git checkout -- FILE), or correct the database instead of the export.',
      },
    )
  const bucket = bucketOf(key, header.layout)
  if (bucket !== header.bucket)
    throw new DamagedError({ ...place, key }, `record ${key} belongs into ${bucket}.jsonl, not ${header.bucket}.jsonl`)
  return { key, record }
}

function keyIn(record: RecordText, header: Header, place: Place): KeyText {
  try {
    JSON.parse(record)
    const fields = splitObject(record)
    const missing = header.key.find((name) => !fields.has(name))
    if (missing !== undefined) throw new SyntaxError(`the key field ${JSON.stringify(missing)} is missing`)
    return keyOf(fields, header.key)
  } catch (error) {
    throw new DamagedError(place, `no valid record: ${(error as Error).message}`)
  }
}

function hashOf(record: RecordText, header: Header, place: Place): string {
  try {
    return recordHash(record, header.order)
  } catch (error) {
    throw new DamagedError(place, `no valid record: ${(error as Error).message}`)
  }
}

/** Depth of brackets outside strings, in one pass, before anything recursive touches the text. */
function checkNesting(text: string, place: Place): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === 0x5c) i++
      else if (c === 0x22) inString = false
    } else if (c === 0x22) inString = true
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > DEPTH_LIMIT) throw new DamagedError(place, `nested deeper than ${DEPTH_LIMIT} levels`)
    } else if (c === 0x7d || c === 0x5d) depth--
  }
}

function isConflictMarker(line: string): boolean {
  return /^(<{7}|={7}|>{7}|\|{7})/.test(line)
}

function markerFound(path: string, line: number): DamagedError {
  return new DamagedError({ path, line }, 'a conflict marker of git', { hint: 'Run: tandem resolve' })
}
