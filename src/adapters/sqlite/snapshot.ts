/** Reads records: all of a collection at one moment. */
import type { LiveRecord } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Snapshot } from '../adapter.ts'
import { keysOf } from '../written-since.ts'
import { quotedName } from '../sql-text.ts'
import { type Table, readTables, textEncoding } from './catalog.ts'
import { type SqliteConnection, type DatabaseFile, type SqlRow, guarded } from './connect.ts'
import { rowReader } from './row-reader.ts'
import { readState } from './state.ts'
import { markOf, writtenSince } from './written-pages.ts'

const BATCH_SIZE = 1000

/**
 * See `Adapter.snapshot`. A deferred read transaction on a connection of its own shows the moment of its first read, which is that of the state. Others may go on
 * writing in WAL mode; in the rollback-journal modes SQLite makes them wait (https://www.sqlite.org/isolation.html).
 */
export async function withSnapshot<Result>(
  file: DatabaseFile,
  read: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const connection = guarded(file, () => file.open())
  try {
    return await read(guarded(file, () => beginSnapshot(file, connection)))
  } finally {
    connection.close()
  }
}

function beginSnapshot(file: DatabaseFile, connection: SqliteConnection): Snapshot {
  connection.exec('BEGIN DEFERRED')
  const state = readState(connection)
  const encoding = textEncoding(connection)
  const records = (schema: CollectionSchema): AsyncIterable<readonly LiveRecord[]> => {
    const reader = rowReader(schema, encoding)
    return batches(file, connection.iterate(`SELECT ${reader.columns} FROM ${quotedName(schema.name)}`), reader.record)
  }
  let catalogue: ReadonlyMap<string, Table> | undefined
  const marked = { connection, encoding, tables: () => (catalogue ??= readTables(connection)) }
  return {
    state,
    records: ({ schema }) => records(schema),
    mark: async (selection) => guarded(file, () => markOf({ ...marked, selection })),
    writtenSince: async (selection, mark) => {
      const { schema } = selection
      const found = guarded(file, () => writtenSince({ ...marked, selection }, mark))
      const fields = schema.fields.filter(({ name }) => schema.key.includes(name))
      return found && { ...found, keys: () => keysOf(records({ ...schema, fields })) }
    },
    count: async (schema) =>
      guarded(file, () => Number(connection.rows(`SELECT count(*) FROM ${quotedName(schema.name)}`)[0]?.[0])),
  }
}

async function* batches(
  file: DatabaseFile,
  rows: Generator<SqlRow, void>,
  record: (row: SqlRow) => LiveRecord,
): AsyncGenerator<readonly LiveRecord[]> {
  try {
    for (;;) {
      const batch = guarded(file, () => takeBatch(rows, record))
      if (batch.length > 0) yield batch
      if (batch.length < BATCH_SIZE) return
    }
  } finally {
    rows.return()
  }
}

function takeBatch(rows: Generator<SqlRow, void>, record: (row: SqlRow) => LiveRecord): LiveRecord[] {
  const batch: LiveRecord[] = []
  while (batch.length < BATCH_SIZE) {
    const next = rows.next()
    if (next.done === true) break
    batch.push(record(next.value))
  }
  return batch
}
