/** Reading records: all of a collection at one moment, and single ones by key (what apply.ts checks before and after it writes). */
import { arrayText, compareBytes, stringText } from '../../model/canonical.ts'
import type { LiveRecord } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Snapshot } from '../adapter.ts'
import { textEncoding } from './catalog.ts'
import type { Connection, DatabaseFile, SqlRow } from './connect.ts'
import { guarded } from './connect.ts'
import { readState } from './state.ts'
import { quoted, readable, valueText } from './values.ts'
import type { TextEncoding } from './values.ts'

const BATCH_SIZE = 1000

/**
 * One deferred read transaction on a connection of its own: SQLite shows it the moment of its first read, in WAL mode whatever others write, in the
 * rollback-journal modes by making them wait (https://www.sqlite.org/isolation.html).
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

function beginSnapshot(file: DatabaseFile, connection: Connection): Snapshot {
  connection.exec('BEGIN DEFERRED')
  const state = readState(connection)
  const encoding = textEncoding(connection)
  return {
    state,
    records: async function* (selection) {
      const reader = rowReader(selection.schema, encoding)
      const sql = `SELECT ${reader.columns} FROM ${quoted(selection.schema.name)}`
      yield* batches(file, connection.iterate(sql), reader.record)
    },
    count: async (schema) =>
      guarded(file, () => Number(connection.rows(`SELECT count(*) FROM ${quoted(schema.name)}`)[0]?.[0])),
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

/** How to select the fields of a collection and to turn such a row (from column `offset` on) into a record. */
export interface RowReader {
  readonly columns: string
  readonly record: (row: SqlRow, offset?: number) => LiveRecord
}

/** A reader for the fields of `schema`, written sorted by name. */
export function rowReader(schema: CollectionSchema, encoding: TextEncoding): RowReader {
  const names = schema.fields.map((field) => field.name).sort(compareBytes)
  const labels = names.map((name) => `${stringText(name)}:`)
  const keyPlaces = schema.key.map((name) => names.indexOf(name))
  return {
    // A table whose fields are all left out still has rows.
    columns: names.map((name) => readable(quoted(name))).join(', ') || 'NULL',
    record: (row, offset = 0) => {
      let text = ''
      for (let i = 0; i < names.length; i++) {
        const value = valueText(row[offset + i], encoding)
        if (value !== undefined) text += `${text === '' ? '' : ','}${labels[i]}${value}`
      }
      const key = keyPlaces.map((place) => (place < 0 ? undefined : valueText(row[offset + place], encoding)) ?? 'null')
      return { key: arrayText(key), text: `{${text}}` }
    },
  }
}
