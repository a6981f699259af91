/**
 * One file of `exports/quarantine/<source>/`: the quarantined records of a collection, each with its reason. Unlike in a records file, two records may have the same key, and a
 * merge takes every addition and removal of either side.
 */
import { compareBytes, objectText, recordHash, splitObject, stringText } from '../model/canonical.ts'
import { DamagedError } from '../model/errors.ts'
import type { Quarantined } from '../model/quarantine.ts'
import { FORMAT, type LinePlace, checkFormat, excerpt, parseObject } from './header.ts'

/** The content of a quarantine file. */
export interface QuarantineFile {
  readonly source: string
  readonly collection: string
  readonly records: readonly Quarantined[]
}

/** The file's text: a header, then one line for each record, sorted by key and record bytes. Equal records are written once. */
export function quarantineText({ source, collection, records }: QuarantineFile): string {
  const lines = new Map(records.map((each) => [`${each.key}\n${each.record}`, lineOf(each)]))
  const sorted = [...lines].sort((a, b) => compareBytes(a[0], b[0])).map(([, line]) => line)
  return [headerOf(source, collection), ...sorted].map((line) => `${line}\n`).join('')
}

function headerOf(source: string, collection: string): string {
  return objectText([
    ['format', String(FORMAT)],
    ['source', stringText(source)],
    ['quarantine', stringText(collection)],
  ])
}

function lineOf({ key, record, reason }: Quarantined): string {
  return objectText([
    ['h', stringText(recordHash(record, 'sorted'))],
    ['key', key],
    ['reason', stringText(reason)],
    ['r', record],
  ])
}

/**
 * Reads and checks a quarantine file, which others may have written.
 * @param path where the file is, for messages
 * @throws DamagedError naming file and line
 */
export function parseQuarantine(text: string, path: string): QuarantineFile {
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new DamagedError({ path, line: lines.length + 1 }, 'the last line is cut off')
  const { format, source, quarantine } = parseObject(lines[0] ?? '', path)
  checkFormat(format, { path, line: 1 })
  if (typeof source !== 'string' || typeof quarantine !== 'string' || lines[0] !== headerOf(source, quarantine))
    throw new DamagedError({ path, line: 1 }, 'the header is not that of a quarantine file')
  const records = lines.slice(1).map((line, i) => parseLine(line, quarantine, { path, line: i + 2 }))
  return { source, collection: quarantine, records }
}

function parseLine(line: string, collection: string, place: LinePlace): Quarantined {
  try {
    JSON.parse(line)
    const fields = splitObject(line)
    const [key, record, reason] = [fields.get('key'), fields.get('r'), JSON.parse(fields.get('reason') ?? 'null')]
    if (key?.startsWith('[') !== true || record?.startsWith('{') !== true || typeof reason !== 'string')
      throw new SyntaxError('key, r or reason is missing')
    const quarantined = { collection, key, record, reason }
    if (lineOf(quarantined) !== line) throw new SyntaxError('the hash does not fit, or the line is not in its form')
    return quarantined
  } catch (error) {
    throw new DamagedError(place, `no quarantined record (${(error as Error).message}): ${excerpt(line)}`, {
      hint: 'Take the file from git again: git checkout -- FILE',
    })
  }
}

/**
 * The text of the file merged three-way: records that either side added are in it, records that either side removed are not.
 * @param texts each may be empty: the version has no file
 * @param path where the file is, for messages
 * @throws DamagedError when a version is damaged
 */
export function mergeQuarantine(texts: Readonly<Record<'base' | 'ours' | 'theirs', string>>, path: string): string {
  const [base, ours, theirs] = [texts.base, texts.ours, texts.theirs].map((text) =>
    text === '' ? undefined : parseQuarantine(text, path),
  )
  const file = ours ?? theirs ?? base
  if (file === undefined) return ''
  const sets = [base, ours, theirs].map((side) => new Set(side?.records.map((each) => idOf(each))))
  const isIn = (side: number, each: Quarantined): boolean => sets[side]?.has(idOf(each)) === true
  const records = [...(ours?.records ?? []), ...(theirs?.records ?? [])].filter(
    (each) => !isIn(0, each) || (isIn(1, each) && isIn(2, each)),
  )
  return quarantineText({ ...file, records })
}

function idOf({ key, record }: Quarantined): string {
  return `${key}\n${record}`
}
