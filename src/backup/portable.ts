/**
 * The portable archive of a source: for each table or collection its structure (`collection.json`) and all its records with all fields (`records.jsonl`), in the format of exports, so that
 * any machine can read them without the engine. Tables without a key are there too, their rows sorted. One collection is in memory at a time.
 */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Snapshot } from '../adapters/adapter.ts'
import { folderName } from '../config/folder.ts'
import { collectionFileText, parseCollectionFile } from '../format/collection-file.ts'
import { sourceDigest } from '../format/digest.ts'
import { type Header, headerOf, headerText, parseHeader } from '../format/header.ts'
import { parseLine } from '../format/records-file.ts'
import { fillWindow, isAtEnd, lineLength, openWindow } from '../io/line-window.ts'
import { type KeyText, type RecordText, compareBytes, keyOf, recordHash, splitObject } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'
import type { CollectionSchema, Selection } from '../model/collection.ts'
import { DamagedError } from '../model/errors.ts'
import type { ArchivedCollection } from './manifest.ts'

const CHUNK_CHARACTERS = 1 << 20

const WINDOW_BYTES = 1 << 20

const LAYOUT = { kind: 'single' } as const

/** The table in which backups are logged changes with every backup, so it is no part of what is compared. */
export const LOG_TABLE = 'backup_logs'

/** Digest and number of a source's records. */
export interface RecordsSummary {
  readonly digest: string
  readonly records: number
}

/** How a collection is read: all fields of it, by its key. A table without one is read by all its fields. */
export function wholeSelection(schema: CollectionSchema): Selection {
  const key = schema.key.length > 0 ? schema.key : schema.fields.map(({ name }) => name)
  return { schema: { ...schema, key }, omit: [], derived: [] }
}

/** Writes the collections below `folder`, in one moment of the database. @param says is told how far it is */
export async function writePortable(
  at: { readonly folder: string; readonly source: string; readonly says: (text: string) => void },
  snapshot: Snapshot,
  schemas: readonly CollectionSchema[],
): Promise<readonly ArchivedCollection[]> {
  const written: ArchivedCollection[] = []
  for (const schema of schemas) {
    at.says(`${at.source}: reading ${schema.name}`)
    const folder = freeFolder(folderName(schema.name), written)
    const place = path.join(at.folder, folder)
    await mkdir(place, { recursive: true })
    await writeFile(
      path.join(place, 'collection.json'),
      collectionFileText({ source: at.source, schema, layout: LAYOUT }),
    )
    const header = headerOf({ source: at.source, schema, layout: LAYOUT }, 'records')
    const summary = await writeRecords(path.join(place, 'records.jsonl'), header, await readAll(snapshot, schema))
    written.push({ name: schema.name, folder, ...summary })
  }
  return written
}

/** Names that differ only in case would be one folder on Windows and macOS. */
function freeFolder(name: string, taken: readonly ArchivedCollection[]): string {
  const isTaken = taken.some(({ folder }) => folder.toLowerCase() === name.toLowerCase())
  return isTaken ? freeFolder(`${name}-2`, taken) : name
}

/** The digest of collections read from a database, without writing them anywhere. */
export async function digestLive(
  snapshot: Snapshot,
  schemas: readonly CollectionSchema[],
): Promise<readonly Omit<ArchivedCollection, 'folder'>[]> {
  const read: Omit<ArchivedCollection, 'folder'>[] = []
  for (const schema of schemas) {
    const digest = digesting(schema.order)
    const records = await readAll(snapshot, schema)
    for (const { key, text } of records) digest.add(key, text)
    read.push({ name: schema.name, ...digest.summary() })
  }
  return read
}

/** The digest of all collections of a source, the log of backups apart. */
export function summaryOf(collections: readonly Omit<ArchivedCollection, 'folder'>[]): RecordsSummary {
  const counted = collections.filter(({ name }) => name.replace(/^public\./, '') !== LOG_TABLE)
  return {
    digest: sourceDigest(new Map(counted.map(({ name, digest }) => [name, digest]))),
    records: counted.reduce((sum, { records }) => sum + records, 0),
  }
}

/** All records, sorted as their file has them. */
async function readAll(snapshot: Snapshot, schema: CollectionSchema): Promise<readonly LiveRecord[]> {
  const all: LiveRecord[] = []
  const isKeyed = schema.key.length > 0
  for await (const batch of snapshot.records(wholeSelection(schema)))
    for (const { key, text } of batch) all.push({ key: isKeyed ? key : '[]', text })
  return all.sort((a, b) => compareBytes(a.key, b.key) || compareBytes(a.text, b.text))
}

function digesting(order: Header['order']): {
  readonly add: (key: KeyText, text: RecordText) => string
  readonly summary: () => RecordsSummary
} {
  const digest = createHash('sha256')
  let records = 0
  return {
    add: (key, text) => {
      const hash = recordHash(text, order)
      digest.update(`${key}\t${hash}\n`)
      records++
      return hash
    },
    summary: () => ({ digest: digest.digest('hex'), records }),
  }
}

async function writeRecords(file: string, header: Header, records: readonly LiveRecord[]): Promise<RecordsSummary> {
  const handle = await open(file, 'wx')
  try {
    const digest = digesting(header.order)
    let text = `${headerText(header)}\n`
    for (const { key, text: record } of records) {
      text += `{"h":"${digest.add(key, record)}","r":${record}}\n`
      if (text.length < CHUNK_CHARACTERS) continue
      await handle.writeFile(text)
      text = ''
    }
    await handle.writeFile(text)
    return digest.summary()
  } finally {
    await handle.close()
  }
}

/** A collection of an archive that was unpacked. */
export interface PortableCollection {
  readonly schema: CollectionSchema
  /** Reads its records, in batches, each checked. @throws DamagedError naming file and line */
  readonly records: () => AsyncGenerator<readonly LiveRecord[]>
}

const BATCH = 1_000

/** Opens a collection. @throws DamagedError when its structure is damaged */
export async function openPortable(folder: string): Promise<PortableCollection> {
  const file = path.join(folder, 'collection.json')
  const { schema, source } = parseCollectionFile(await readFile(file, 'utf8'), file)
  return { schema, records: () => readRecords(path.join(folder, 'records.jsonl'), { schema, source }) }
}

/** Reads all records of an unpacked collection, and returns their digest. @throws DamagedError */
export async function digestPortable({ schema, records }: PortableCollection): Promise<RecordsSummary> {
  const digest = digesting(schema.order)
  for await (const batch of records()) for (const { key, text } of batch) digest.add(key, text)
  return digest.summary()
}

async function* readRecords(
  file: string,
  at: { readonly schema: CollectionSchema; readonly source: string },
): AsyncGenerator<readonly LiveRecord[]> {
  const expected = headerText(headerOf({ ...at, layout: LAYOUT }, 'records'))
  const lines = linesOf(file)
  const first = lines.next().value
  if (first !== expected)
    throw new DamagedError({ path: file, line: 1 }, 'the header is missing, or that of another collection')
  const header = parseHeader(expected, file)
  let line = 1
  let before: LiveRecord | undefined
  let batch: LiveRecord[] = []
  for (const text of lines) {
    const record = recordIn(text, header, { path: file, line: ++line })
    if (before !== undefined && !isInOrder(before, record))
      throw new DamagedError({ path: file, line, key: record.key }, 'the record is out of order')
    before = record
    batch.push(record)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** The lines of a file, each without its line feed. @throws DamagedError when the last one is cut off */
function* linesOf(file: string): Generator<string, undefined> {
  const handle = openSync(file, 'r')
  try {
    const window = openWindow(handle, fstatSync(handle).size, WINDOW_BYTES)
    while (!isAtEnd(window)) {
      fillWindow(window)
      const length = lineLength(window)
      yield window.bytes.toString('utf8', window.from, window.from + length)
      window.from += length + 1
    }
    return undefined
  } catch (error) {
    throw error instanceof RangeError ? new DamagedError({ path: file }, error.message) : error
  } finally {
    closeSync(handle)
  }
}

/** The key is taken here, not where the line is parsed: SQLite allows NULL in a primary key, which an export cannot have and a backup must. */
function recordIn(text: string, header: Header, place: { readonly path: string; readonly line: number }): LiveRecord {
  const { record } = parseLine(text, { ...header, key: [] }, place)
  return { key: header.key.length === 0 ? '[]' : keyOf(splitObject(record), header.key), text: record }
}

function isInOrder(before: LiveRecord, next: LiveRecord): boolean {
  return (compareBytes(before.key, next.key) || compareBytes(before.text, next.text)) <= 0
}
