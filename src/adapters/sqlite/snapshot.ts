/** Reads records: all of a collection at one moment here, and single ones in prepare.ts, which uses the same `rowReader`. */
import { arrayText, compareBytes, stringText } from '../../model/canonical.ts'
import type { LiveRecord } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Snapshot } from '../adapter.ts'
import { quotedName } from '../sql-text.ts'
import { textEncoding } from './catalog.ts'
import { type SqliteConnection, type DatabaseFile, type SqlRow, guarded } from './connect.ts'
import { readState } from './state.ts'
import { type TextEncoding, readable, valueText } from './values.ts'

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
  return {
    state,
    records: async function* (selection) {
      const reader = rowReader(selection.schema, encoding)
      const sql = `SELECT ${reader.columns} FROM ${quotedName(selection.schema.name)}`
      yield* batches(file, connection.iterate(sql), reader.record)
    },
    mark: async () => undefined,
    writtenSince: async () => undefined,
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

/** How to select the fields of a collection, and how to make a record of such a row. */
export interface RowReader {
  /** The columns for SELECT, separated by commas. */
  readonly columns: string
  /** `offset`: the number of columns in the row before them. */
  readonly record: (row: SqlRow, offset?: number) => LiveRecord
}

/** A reader for the fields of `schema`, which stand in the record sorted by name. A key field that is NULL or not selected is `null` in the key. */
export function rowReader(schema: CollectionSchema, encoding: TextEncoding): RowReader {
  const names = schema.fields.map((field) => field.name).sort(compareBytes)
  const labels = names.map((name) => `${stringText(name)}:`)
  const keyPositions = schema.key.map((name) => names.indexOf(name))
  return {
    // SELECT needs a column even where every field is left out.
    columns: names.map((name) => readable(quotedName(name))).join(', ') || 'NULL',
    record: (row, offset = 0) => {
      let text = ''
      for (let i = 0; i < names.length; i++) {
        const value = valueText(row[offset + i], encoding)
        if (value !== undefined) text += `${text === '' ? '' : ','}${labels[i]}${value}`
      }
      const key = keyPositions.map(
        (position) => (position < 0 ? undefined : valueText(row[offset + position], encoding)) ?? 'null',
      )
      return { key: arrayText(key), text: `{${text}}` }
    },
  }
}
