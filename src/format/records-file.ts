/** Writes and reads one records file. Reading checks every rule of docs/format.md for such files, because others may have written it. */
import { type KeyText, type RecordText, compareBytes, keyOf, recordHash, splitObject } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'
import { DamagedError } from '../model/errors.ts'
import { type Header, type LinePlace, excerpt, headerText, parseHeader } from './header.ts'
import { bucketOf } from './layout.ts'
import { plainKey } from './plain-key.ts'

/** Longest line accepted, in characters; MongoDB's largest document (16 MiB of BSON) fits. */
const LINE_LIMIT = 96 * 1024 * 1024

/** Deepest nesting accepted; MongoDB allows 100 levels, wrappers may add some. */
const DEPTH_LIMIT = 400

/** Length of `{"h":"0123456789abcdef","r":`, where the record starts in a line. */
export const RECORD_START = 28

/** The content of a records file. */
export interface RecordsFile {
  readonly header: Header
  readonly records: ReadonlyMap<KeyText, RecordText>
}

/** The text of a records file: the header, then one line for each record sorted by key bytes, each ended by a line feed. */
export function recordsFileText(header: Header, records: ReadonlyMap<KeyText, RecordText>): string {
  return `${headerText(header)}\n${recordLines(records, header.order)}`
}

/** What follows the header in a records file. */
export function recordLines(records: ReadonlyMap<KeyText, RecordText>, order: Header['order']): string {
  let text = ''
  for (const key of sortedKeys(records)) text += `${recordLine(records.get(key) as RecordText, order)}\n`
  return text
}

/** A database often answers in the order of the keys: then nothing is sorted. */
function sortedKeys(records: ReadonlyMap<KeyText, RecordText>): KeyText[] {
  const keys = [...records.keys()]
  for (let i = 1; i < keys.length; i++)
    if (compareBytes(keys[i - 1] as KeyText, keys[i] as KeyText) > 0) return keys.sort(compareBytes)
  return keys
}

/** A file as this program would write it, by which lines of another state of the same file are known to be sound. */
export interface KnownFile {
  readonly header: string
  /** Line → its record's key. */
  readonly keys: ReadonlyMap<string, KeyText>
}

/** The lines that `recordsFileText` gives for these records. */
export function knownFile(header: Header, records: ReadonlyMap<KeyText, RecordText>): KnownFile {
  return {
    header: headerText(header),
    keys: new Map([...records].map(([key, text]) => [recordLine(text, header.order), key])),
  }
}

/** The line of a record with its hash, without a line feed. */
export function recordLine(text: RecordText, order: Header['order']): string {
  return `{"h":"${recordHash(text, order)}","r":${text}}`
}

/**
 * Reads and checks a records file, which others may have written.
 * @param path where it is, for messages
 * @param known spares the checks of lines that stand in it, if the header is the same
 * @throws DamagedError naming file, line and, where known, key: truncated, bad hash, duplicate key, out of order, wrong bucket, conflict markers, …
 */
export function parseRecordsFile(text: string, path: string, known?: KnownFile): RecordsFile {
  const lines = text.split('\n')
  if (lines.pop() !== '')
    throw new DamagedError({ path, line: lines.length + 1 }, 'the last line is cut off (no line feed at its end)')
  const first = lines[0]
  if (first === undefined) throw new DamagedError({ path, line: 1 }, 'the file is empty: not even a header')
  if (isConflictMarker(first)) throw markerFound(path, 1)
  const header = parseHeader(first, path)
  const keys = known?.header === first ? known.keys : undefined
  const records = new Map<KeyText, RecordText>()
  let previous: KeyText | undefined
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const sound = keys?.get(line)
    const { key, record } =
      sound === undefined
        ? parseLine(line, header, { path, line: i + 1 })
        : { key: sound, record: line.slice(RECORD_START, -1) }
    if (records.has(key)) throw new DamagedError({ path, line: i + 1, key }, `key ${key} occurs twice`)
    if (previous !== undefined && compareBytes(previous, key) > 0)
      throw new DamagedError({ path, line: i + 1, key }, `key ${key} is out of order after ${previous}`)
    records.set(key, record)
    previous = key
  }
  return { header, records }
}

/** Reads and checks one line of a records file. @throws DamagedError naming the place */
export function parseLine(line: string, header: Header, place: LinePlace): { key: KeyText; record: RecordText } {
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

function keyIn(record: RecordText, header: Header, place: LinePlace): KeyText {
  const plain = plainKey(record, header.key)
  if (plain !== undefined) return plain
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

function hashOf(record: RecordText, header: Header, place: LinePlace): string {
  try {
    return recordHash(record, header.order)
  } catch (error) {
    throw new DamagedError(place, `no valid record: ${(error as Error).message}`)
  }
}

/** Refuses a text with too deep brackets before any recursive function reads it. @throws DamagedError */
function checkNesting(text: string, place: LinePlace): void {
  if (text.length <= DEPTH_LIMIT) return
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

/** The record's text in a line, unchecked; undefined for headers and anything else. */
export function textInLine(line: string): RecordText | undefined {
  return /^\{"h":"[0-9a-f]{16}","r":(\{.*\})\}$/.exec(line)?.[1]
}

/** The record of a line, without a check of its hash; undefined for a header line and anything else. `key` names the key fields. */
export function recordInLine(line: string, key: readonly string[]): LiveRecord | undefined {
  const text = textInLine(line)
  if (text === undefined) return undefined
  const plain = plainKey(text, key)
  if (plain !== undefined) return { key: plain, text }
  try {
    return { key: keyOf(splitObject(text), key), text }
  } catch {
    return undefined // a damaged line in an old commit is passed over
  }
}
