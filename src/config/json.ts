/**
 * JSON with positions. It accepts what `JSON.parse` accepts, except repeated names; errors name line and column on every Node version, and the line of every option can be
 * found. Only the configuration is read this way, because it is the one JSON file that people edit.
 */
import { UsageError } from '../model/errors.ts'
import { printable } from './printable.ts'

const MAX_LENGTH = 1_000_000

const MAX_DEPTH = 64

const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y

const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y

/** A parsed value that knows its lines. */
export interface PositionedJson {
  readonly value: unknown
  /** The line (from 1) of the option at a path of names and indexes; if the file does not have it, of its nearest parent there. */
  readonly lineOf: (path: readonly string[]) => number
}

interface Scan {
  readonly text: string
  readonly file: string
  readonly offsets: Map<string, number>
  at: number
}

/**
 * Parses the text of a JSON file (RFC 8259; a byte order mark is ignored).
 * @throws UsageError naming file, line and column: a syntax error, a repeated name, over 1 MB, nested deeper than 64
 */
export function parseJson(text: string, file: string): PositionedJson {
  if (text.length > MAX_LENGTH) throw new UsageError(`${file}: is over 1 MB, that is no configuration`)
  const scan: Scan = { text, file, offsets: new Map([['', 0]]), at: text.startsWith('\ufeff') ? 1 : 0 }
  scanValue(scan, [])
  if (peek(scan) !== undefined) throw syntaxError(scan, 'nothing may follow the closing brace')
  const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
  return { value, lineOf: (path) => lineAt(text, nearestOffset(scan.offsets, path)).line }
}

function scanValue(scan: Scan, path: readonly string[]): void {
  if (path.length > MAX_DEPTH) throw syntaxError(scan, `nested deeper than ${MAX_DEPTH}`)
  const character = peek(scan)
  if (character === '{') scanObject(scan, path)
  else if (character === '[') scanArray(scan, path)
  else if (character === '"') scanString(scan)
  else if (take(scan, SCALAR) === undefined) throw syntaxError(scan, `expected a value, found ${found(scan)}`)
}

function scanObject(scan: Scan, path: readonly string[]): void {
  scan.at++
  if (peek(scan) === '}') return void scan.at++
  do {
    if (peek(scan) !== '"') throw syntaxError(scan, `expected a name in double quotes, found ${found(scan)}`)
    const start = scan.at
    const member = [...path, scanString(scan)]
    const pointer = pointerOf(member)
    if (scan.offsets.has(pointer))
      throw syntaxError({ ...scan, at: start }, `"${printable(member.join('.'))}" stands here twice`)
    scan.offsets.set(pointer, start)
    expect(scan, ':')
    scanValue(scan, member)
  } while (comma(scan, '}'))
}

function scanArray(scan: Scan, path: readonly string[]): void {
  scan.at++
  if (peek(scan) === ']') return void scan.at++
  let index = 0
  do {
    peek(scan)
    const element = [...path, String(index++)]
    scan.offsets.set(pointerOf(element), scan.at)
    scanValue(scan, element)
  } while (comma(scan, ']'))
}

/** Moves behind a comma (true: another element follows) or the closing bracket (false). */
function comma(scan: Scan, close: string): boolean {
  const character = peek(scan)
  if (character !== ',' && character !== close) {
    throw syntaxError(scan, `expected a comma or ${close}, found ${found(scan)}`)
  }
  scan.at++
  if (character === ',' && peek(scan) === close) throw syntaxError(scan, `a comma may not stand before ${close}`)
  return character === ','
}

function expect(scan: Scan, character: string): void {
  if (peek(scan) !== character) throw syntaxError(scan, `expected ${character}, found ${found(scan)}`)
  scan.at++
}

function scanString(scan: Scan): string {
  const text = take(scan, STRING)
  if (text === undefined) throw syntaxError(scan, 'a string that does not end on its line or has a wrong escape')
  return JSON.parse(text) as string
}

function take(scan: Scan, pattern: RegExp): string | undefined {
  pattern.lastIndex = scan.at
  const match = pattern.exec(scan.text)?.[0]
  scan.at += match?.length ?? 0
  return match
}

/** The next character that is no white space, without taking it; undefined at the end. */
function peek(scan: Scan): string | undefined {
  while (' \t\n\r'.includes(scan.text[scan.at] ?? 'end')) scan.at++
  return scan.text[scan.at]
}

function found(scan: Scan): string {
  const character = scan.text[scan.at]
  if (character === undefined) return 'the end of the file'
  return character === '/' ? '/ (JSON has no comments)' : printable(character)
}

function syntaxError(scan: Scan, problem: string): UsageError {
  const { line, column } = lineAt(scan.text, scan.at)
  return new UsageError(`${scan.file}:${line}:${column}: ${problem}`, { hint: 'Put the JSON right and run it again.' })
}

function lineAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

function nearestOffset(offsets: ReadonlyMap<string, number>, path: readonly string[]): number {
  return offsets.get(pointerOf(path)) ?? (path.length === 0 ? 0 : nearestOffset(offsets, path.slice(0, -1)))
}

/** JSON Pointer (RFC 6901). */
function pointerOf(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
