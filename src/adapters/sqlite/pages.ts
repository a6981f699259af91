/**
 * The pages of a table, digested: how to see in SQLite that nothing was written, whoever may have written. The file's change counter stands still in WAL mode, and comes back with
 * a backup. Pages are read through SQLite, so they belong to the moment of its transaction in every journal mode (https://www.sqlite.org/dbstat.html,
 * https://www.sqlite.org/dbpage.html); opening the file beside it would give up SQLite's locks with the close (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import type { Hash } from 'node:crypto'
import { digestOf, newHash } from '../digests.ts'
import { quotedText } from '../sql-text.ts'
import type { SqliteConnection } from './connect.ts'

/** A page on which records begin. */
export interface RecordPage {
  readonly number: number
  /** Of this page, and of those on which its records go on. */
  readonly digest: Buffer
  /** The number of records that begin on it. */
  readonly records: number
}

/** The first byte of a page: https://www.sqlite.org/fileformat2.html#b_tree_pages */
const TABLE_INTERIOR = 0x05
const TABLE_LEAF = 0x0d

/** The pages of a table; undefined where they cannot be told for certain. @throws SqliteError where this build of SQLite does not show pages */
export function recordPages(connection: SqliteConnection, table: string): readonly RecordPage[] | undefined {
  const pages: RecordPage[] = []
  let open: (Omit<RecordPage, 'digest'> & { readonly path: string; readonly isLeaf: boolean; hash: Hash }) | undefined
  const close = (): void => {
    if (open !== undefined) pages.push({ number: open.number, records: open.records, digest: digestOf(open.hash) })
  }
  for (const [path, number, isOverflow, records, data] of connection.iterate(`
    SELECT s.path, s.pageno, s.pagetype = 'overflow', s.ncell, p.data
    FROM dbstat s CROSS JOIN sqlite_dbpage p ON p.pgno = s.pageno WHERE s.name = ${quotedText(table)}`)) {
    const bytes = data as Buffer
    if (isOverflow === 1n) {
      // in a table with rowids they come right behind the leaf whose record goes on there
      if (open === undefined || (open.isLeaf && !String(path).startsWith(open.path))) return undefined
      open.hash.update(bytes)
    } else if (bytes[0] !== TABLE_INTERIOR) {
      close()
      const hash = newHash()
        .update(`${String(number)} `)
        .update(bytes)
      open = {
        path: String(path),
        number: Number(number),
        records: Number(records),
        isLeaf: bytes[0] === TABLE_LEAF,
        hash,
      }
    }
  }
  close()
  return pages.length === 0 ? undefined : pages
}

/** The first and last rowid on a leaf, between which no other page has one; undefined for other pages, and where there is none. */
export function rowidsOn(
  connection: SqliteConnection,
  page: number,
): readonly [first: bigint, last: bigint] | undefined {
  const bytes = connection.rows('SELECT data FROM sqlite_dbpage WHERE pgno = ?', [BigInt(page)])[0]?.[0] as Buffer
  const cells = bytes.readUInt16BE(3)
  if (bytes[0] !== TABLE_LEAF || cells === 0) return undefined
  return [rowidAt(bytes, bytes.readUInt16BE(8)), rowidAt(bytes, bytes.readUInt16BE(8 + 2 * (cells - 1)))]
}

/** A cell begins with the length of its record and the rowid. */
function rowidAt(bytes: Buffer, cell: number): bigint {
  return BigInt.asIntN(64, varint(bytes, varint(bytes, cell).end).value)
}

/** Up to nine bytes: seven bits of each, all eight of the ninth. */
function varint(bytes: Buffer, start: number): { readonly value: bigint; readonly end: number } {
  let value = 0n
  for (let at = start; at < start + 8; at++) {
    const byte = bytes[at] ?? 0
    value = (value << 7n) | BigInt(byte & 0x7f)
    if (byte < 0x80) return { value, end: at + 1 }
  }
  return { value: (value << 8n) | BigInt(bytes[start + 8] ?? 0), end: start + 9 }
}
