/** Marks of a table by its pages: the records on pages that are not as they were are those that may have been written. */
import type { LiveRecord } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import type { WrittenSince } from '../adapter.ts'
import { bitsFor, digestText, digestsFrom, digestsText, fingerprint } from '../digests.ts'
import { quotedName } from '../sql-text.ts'
import { isMost } from '../written-since.ts'
import { type Table, sqlOf } from './catalog.ts'
import { type SqliteConnection, sqliteCode } from './connect.ts'
import { type RecordPage, recordPages, rowidsOn } from './pages.ts'
import { rowReader } from './row-reader.ts'
import type { TextEncoding } from './values.ts'

/** One table at one moment. */
export interface MarkedPages {
  readonly connection: SqliteConnection
  /** Reads the catalogue, once for all tables. */
  readonly tables: () => ReadonlyMap<string, Table>
  readonly encoding: TextEncoding
  readonly selection: Selection
}

interface TableNow {
  readonly table: Table
  readonly structure: string
  readonly pages: readonly RecordPage[]
  /** The number of all records. */
  readonly count: number
}

/** See `Snapshot.mark`. */
export function markOf(marked: MarkedPages): string | undefined {
  const now = readNow(marked)
  return now && markText(now)
}

/** See `Snapshot.writtenSince`. */
export function writtenSince(marked: MarkedPages, mark: string): Omit<WrittenSince, 'keys'> | undefined {
  const before = digestsFrom(mark)
  const now = before && readNow(marked)
  if (before === undefined || now === undefined || now.structure !== before.structure) return undefined
  const groups = [...groupsOf(now.pages, before.bits).values()]
  const other = groups.filter(({ digest }) => !before.digests.has(digestText(digest))).flatMap(({ pages }) => pages)
  const written = recordsOn(other)
  if (isMost(written, now.count)) return undefined
  const records = readPages(marked, now.table, other)
  return records?.length === written ? { records, count: now.count, mark: markText(now) } : undefined
}

/** undefined where it cannot be told what the table consists of: what stands in the way is told where it is read. */
function readNow({ connection, tables, encoding, selection }: MarkedPages): TableNow | undefined {
  const { schema, omit } = selection
  try {
    const table = tables().get(schema.name)
    const pages = table && recordPages(connection, schema.name)
    const count = Number(connection.rows(`SELECT count(*) FROM ${quotedName(schema.name)}`)[0]?.[0])
    if (table === undefined || pages === undefined || recordsOn(pages) !== count) return undefined
    // a value that is missing on a page is the default of its column; the version: computed columns
    const stored = connection.rows('SELECT sqlite_version(), page_size FROM pragma_page_size').map(String)
    const fields = schema.fields.map(({ name }) => name)
    const structure = fingerprint([sqlOf(connection, 'table', schema.name), encoding, stored, schema.key, fields, omit])
    return { table, structure, pages, count }
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error
    return undefined
  }
}

function recordsOn(pages: readonly RecordPage[]): number {
  return pages.reduce((sum, { records }) => sum + records, 0)
}

/** Pages whose numbers are neighbours, and the digest of all of them. */
interface PageGroup {
  readonly digest: Buffer
  readonly pages: RecordPage[]
}

function groupsOf(pages: readonly RecordPage[], bits: number): ReadonlyMap<number, PageGroup> {
  const groups = new Map<number, PageGroup>()
  for (const page of pages) {
    const number = Math.floor(page.number / 2 ** bits)
    const group = groups.get(number)
    if (group === undefined) groups.set(number, { digest: Buffer.from(page.digest), pages: [page] })
    else {
      // each digest says the number of its page, so their order does not matter
      page.digest.forEach((byte, at) => (group.digest[at] = (group.digest[at] ?? 0) ^ byte))
      group.pages.push(page)
    }
  }
  return groups
}

function markText({ structure, pages }: TableNow): string {
  const bits = bitsFor(pages.length)
  const digests = [...groupsOf(pages, bits).values()].map(({ digest }) => digestText(digest))
  return digestsText({ structure, bits, digests: new Set(digests) })
}

/** The records on these pages; undefined where a page does not tell which they are. */
function readPages(
  { connection, encoding, selection }: MarkedPages,
  { name, rowid }: Table,
  pages: readonly RecordPage[],
): readonly LiveRecord[] | undefined {
  const reader = rowReader(selection.schema, encoding)
  const records: LiveRecord[] = []
  for (const { number } of pages) {
    const range = rowid === undefined ? undefined : rowidsOn(connection, number)
    if (range === undefined) return undefined
    const sql = `SELECT ${reader.columns} FROM ${quotedName(name)} WHERE ${rowid} BETWEEN ? AND ?`
    for (const row of connection.rows(sql, range)) records.push(reader.record(row))
  }
  return records
}
