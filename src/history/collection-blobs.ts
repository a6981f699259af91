/** The files of a collection at old commits: each is read and parsed once. A damaged one is treated as absent; HEAD's files are checked where they are read. */
import { parseCollectionFile } from '../format/collection-file.ts'
import { type Header, parseHeader } from '../format/header.ts'
import { layoutText } from '../format/layout.ts'
import { parseRecordsFile, recordInLine, recordLines } from '../format/records-file.ts'
import { NotRead } from '../git/history/lazily.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import type { Repository } from '../git/repository.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { CollectionSchema, Layout } from '../model/collection.ts'
import { once } from '../model/once.ts'
import type { Records } from '../model/records.ts'

/** The records that differ between two files: key → record in the second file; undefined when only the first has it. */
export type Difference = ReadonlyMap<KeyText, RecordText | undefined>

export interface File {
  readonly schema: CollectionSchema
  readonly layout: Layout
}

export interface Blobs {
  records(id: string): Records | undefined
  difference(from: string | undefined, to: string | undefined): Difference
  /** True when the file is undamaged and has these records and no other; it is not parsed for that. */
  holds(id: string, content: BucketContent): boolean
  file(id: string): File | undefined
  load(ids: Iterable<string | undefined>): Promise<void>
  /** Drops the texts of blobs; whatever asks for one again has it read again. */
  forget(ids: Iterable<string | undefined>): void
}

/** The records of one bucket, and the layout by which they are in it. */
export interface BucketContent {
  readonly bucket: string
  readonly layout: Layout
  readonly records: Records
}

/** Opens the contents of blobs. Each is read and parsed once. */
export function openBlobs(repository: Repository): Blobs {
  const texts = new Map<string, string>()
  const load = async (ids: Iterable<string | undefined>): Promise<void> => {
    const missing = [...new Set(ids)].filter((id) => id !== undefined && !texts.has(id)) as string[]
    for (const [id, bytes] of await readBlobs(repository, missing)) texts.set(id, bytes.toString())
  }
  const textOf = (id: string): string => {
    const text = texts.get(id)
    if (text === undefined) throw new NotRead(`blob ${id}`, () => load([id]))
    return text
  }
  const differencesFrom = once((from: string | undefined) =>
    once((to: string | undefined) => differenceOf(from && textOf(from), to && textOf(to))),
  )
  return {
    load,
    forget: (ids) => {
      for (const id of ids) if (id !== undefined) texts.delete(id)
    },
    records: once((id: string) => recordsIn(textOf(id))),
    difference: (from, to) => differencesFrom(from)(to),
    holds: (id, content) => hasContent(textOf(id), content),
    file: once((id: string) => fileIn(textOf(id))),
  }
}

/** Compares two files line by line and parses only lines that are not in both. Where that is not possible (headers differ, a line is damaged), it parses both files whole. */
function differenceOf(from: string | undefined, to: string | undefined): Difference {
  if (from === undefined || to === undefined) return new Map(recordsIn(to ?? from ?? ''))
  const [before, after] = [from.split('\n'), to.split('\n')]
  const header = headerIn(after[0] ?? '')
  if (header === undefined || before[0] !== after[0]) return wholeDifference(recordsIn(from), recordsIn(to))
  const old = new Set(before)
  const fresh = after.filter((line) => !old.delete(line))
  const difference = new Map<KeyText, RecordText | undefined>()
  for (const [lines, isThere] of [[old, false] as const, [fresh, true] as const])
    for (const line of lines) {
      const record = recordInLine(line, header.key)
      if (record === undefined) return wholeDifference(recordsIn(from), recordsIn(to))
      difference.set(record.key, isThere ? record.text : undefined)
    }
  return difference
}

function hasContent(text: string, { bucket, layout, records }: BucketContent): boolean {
  const end = text.indexOf('\n')
  const header = headerIn(text.slice(0, end))
  if (header === undefined || header.bucket !== bucket || layoutText(header.layout) !== layoutText(layout)) return false
  return text.slice(end + 1) === recordLines(records, header.order)
}

function wholeDifference(from: Records | undefined, to: Records | undefined): Difference {
  if (from === undefined || to === undefined) return new Map(to ?? from)
  const difference = new Map<KeyText, RecordText | undefined>()
  for (const key of from.keys()) if (!to.has(key)) difference.set(key, undefined)
  for (const [key, text] of to) if (from.get(key) !== text) difference.set(key, text)
  return difference
}

function headerIn(line: string): Header | undefined {
  try {
    return parseHeader(line, 'history')
  } catch {
    return undefined
  }
}

function fileIn(text: string): File | undefined {
  try {
    return parseCollectionFile(text, 'history')
  } catch {
    return undefined
  }
}

function recordsIn(text: string): Records | undefined {
  try {
    return parseRecordsFile(text, 'history').records
  } catch {
    return undefined // a damaged file of an old commit is treated as absent; HEAD's files are checked where they are read
  }
}
