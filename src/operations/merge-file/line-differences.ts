/**
 * Finds where two large records files differ from each other. Of the lines that base, ours and theirs have alike, blocks of bytes are compared, and hash and order are checked, which
 * finds every line that was damaged by accident; the rest of each rule for a line (that a record with the right hash is JSON) is checked for lines that only one file has. What
 * differs is merged by the same code as in small files.
 */
import { type KeyBytes, type LineKey, openLineKeys } from '../../format/line-key.ts'
import { type Header, parseHeader } from '../../format/header.ts'
import { RECORD_START, parseLine } from '../../format/records-file.ts'
import { type LineWindow, fillWindow, isAtEnd, lineLength } from '../../io/line-window.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import { setRecord } from '../../model/change.ts'

/** The three files, each at its beginning. */
export interface SideWindows {
  readonly base: LineWindow
  readonly ours: LineWindow
  readonly theirs: LineWindow
}

/** A part of ours that is in the result as it is: its first byte, and the one behind its last. */
export interface OwnLines {
  readonly from: number
  to: number
}

/** Three files without the lines in which ours and theirs agree. */
export interface FileDifferences {
  readonly header: Header
  /** False when the base is an empty file, or none. */
  readonly hasBase: boolean
  /** The records that differ between ours and theirs. */
  readonly base: Map<KeyText, RecordText>
  readonly ours: Map<KeyText, RecordText>
  readonly theirs: Map<KeyText, RecordText>
  /** The result after its header, in order: parts of ours, and keys of records that differ. */
  readonly pieces: readonly (OwnLines | KeyText)[]
  /** The number of records of each side, and of keys that both have. */
  readonly counts: { ours: number; theirs: number; common: number }
}

/** So many bytes are compared at once: with 1 % changed on each side, a difference stands in every 50 lines. */
const BLOCK = 16 * 1024

/**
 * Compares the files. undefined where their headers differ or ask for more than this does (fields or records in another order, several files).
 * @throws DamagedError or RangeError for a damaged file. Who merges parses it then as a whole, which tells what is wrong where
 */
export function differencesOf(sides: SideWindows): FileDifferences | undefined {
  const header = takeHeader(sides)
  const keyOf = header === undefined ? undefined : openLineKeys(header)
  if (header === undefined || keyOf === undefined) return undefined
  const [base, ours, theirs] = [new Map(), new Map(), new Map()]
  const counts = { ours: 0, theirs: 0, common: 0 }
  const hasBase = sides.base.size > 0
  const found: Found = { header, hasBase, base, ours, theirs, pieces: [], counts, keyOf, previous: '' }
  const all = [sides.base, sides.ours, sides.theirs]
  for (;;) {
    for (const window of all) fillWindow(window)
    if (all.every(isAtEnd)) return found
    const length = commonLength(sides)
    if (length > 0) takeCommon(found, sides, length)
    else takeKey(found, sides)
  }
}

interface Found extends FileDifferences {
  readonly pieces: (OwnLines | KeyText)[]
  readonly keyOf: LineKey
  /** The key that was taken last. */
  previous: KeyBytes
}

function takeHeader({ base, ours, theirs }: SideWindows): Header | undefined {
  const lines = new Set<string>()
  for (const window of [base, ours, theirs]) {
    if (isAtEnd(window)) continue
    const length = lineLength(window)
    lines.add(window.bytes.toString('utf8', window.from, window.from + length))
    window.from += length + 1
  }
  const [line] = lines
  return line === undefined || lines.size > 1 ? undefined : parseHeader(line, '')
}

/** The length of the whole lines that all three files go on with alike, as far as they are in a block; less than all of them where the block has a difference. */
function commonLength({ base, ours, theirs }: SideWindows): number {
  const isAlike = (from: number, to: number): boolean =>
    [base, theirs].every(
      (other) =>
        ours.bytes.compare(other.bytes, other.from + from, other.from + to, ours.from + from, ours.from + to) === 0,
    )
  let alike = 0
  let limit = Math.min(BLOCK, ...[base, ours, theirs].map(({ from, to }) => to - from))
  if (isAlike(0, limit)) alike = limit
  else
    while (limit - alike > 64) {
      const middle = (alike + limit) >> 1
      if (isAlike(alike, middle)) alike = middle
      else limit = middle
    }
  return alike === 0 ? 0 : Math.max(0, ours.bytes.lastIndexOf(0x0a, ours.from + alike - 1) + 1 - ours.from)
}

function takeCommon(found: Found, sides: SideWindows, length: number): void {
  const { bytes, from, offset } = sides.ours
  let lines = 0
  for (let at = from; at < from + length; lines++) {
    const end = bytes.indexOf(0x0a, at)
    advance(found, found.keyOf(bytes, at, end))
    at = end + 1
  }
  keepOwn(found, offset + from, length)
  for (const window of Object.values(sides) as LineWindow[]) window.from += length
  for (const name of ['ours', 'theirs', 'common'] as const) found.counts[name] += lines
}

/** Every key has to be greater than the one before it, whichever files it is in: then each file is sorted, and has no key twice. */
function advance(found: Found, key: KeyBytes): void {
  if (key <= found.previous) throw new RangeError('a key is out of order')
  found.previous = key
}

function keepOwn({ pieces }: Found, from: number, length: number): void {
  const last = pieces.at(-1)
  if (typeof last === 'object' && last.to === from) last.to += length
  else pieces.push({ from, to: from + length })
}

/** The first line of a file. */
interface FirstLine {
  readonly window: LineWindow
  readonly length: number
  readonly key: KeyBytes
}

/** Takes the lines of the smallest key. */
function takeKey(found: Found, sides: SideWindows): void {
  const [base, ours, theirs] = [sides.base, sides.ours, sides.theirs].map((window) => firstLine(found, window))
  const keys = [base, ours, theirs].flatMap((line) => line?.key ?? [])
  const key = keys.reduce((least, each) => (each < least ? each : least))
  advance(found, key)
  const [before, mine, other] = [base, ours, theirs].map((line) => (line?.key === key ? line : undefined))
  if (mine !== undefined) found.counts.ours++
  if (other !== undefined) found.counts.theirs++
  if (mine !== undefined && other !== undefined) found.counts.common++
  // a line that no other side has alike is checked like every line of a small file
  if (!isSame(before, mine) && !isSame(before, other)) checkLine(found, before)
  if (isSame(mine, other)) {
    if (mine !== undefined) keepOwn(found, mine.window.offset + mine.window.from, mine.length + 1)
  } else {
    for (const line of [mine, other]) if (!isSame(line, before)) checkLine(found, line)
    const name = Buffer.from(key, 'latin1').toString()
    setRecord(found.base, name, recordOf(before))
    setRecord(found.ours, name, recordOf(mine))
    setRecord(found.theirs, name, recordOf(other))
    found.pieces.push(name)
  }
  for (const line of [before, mine, other]) if (line !== undefined) line.window.from += line.length + 1
}

function firstLine({ keyOf }: Found, window: LineWindow): FirstLine | undefined {
  if (isAtEnd(window)) return undefined
  const length = lineLength(window)
  return { window, length, key: keyOf(window.bytes, window.from, window.from + length) }
}

/** @throws DamagedError */
function checkLine({ header }: Found, line: FirstLine | undefined): void {
  if (line !== undefined) parseLine(textOf(line, 0, line.length), header, { path: '', line: 0 })
}

function recordOf(line: FirstLine | undefined): RecordText | undefined {
  return line === undefined ? undefined : textOf(line, RECORD_START, line.length - 1)
}

function textOf({ window: { bytes, from } }: FirstLine, start: number, end: number): string {
  return bytes.toString('utf8', from + start, from + end)
}

/** True for the same bytes, or no line on both sides. */
function isSame(a: FirstLine | undefined, b: FirstLine | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const [from, to] = [a.window.from, b.window.from]
  return a.window.bytes.compare(b.window.bytes, to, to + b.length, from, from + a.length) === 0
}
