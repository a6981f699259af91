/**
 * A plan's changes to one table, checked against the live catalogue and turned into values to bind. All of it happens before anything is written: a record
 * with a field that the table lacks, or a value that SQLite cannot hold, never gets half-way.
 */
import { keyOf, splitArray, splitObject } from '../../model/canonical.ts'
import type { KeyText, RecordText, ValueText } from '../../model/canonical.ts'
import type { Change, CollectionChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Table } from './catalog.ts'
import type { Connection, SqlValue } from './connect.ts'
import { rowReader } from './snapshot.ts'
import type { RowReader } from './snapshot.ts'
import { boundValue, quoted } from './values.ts'
import type { BoundValue, TextEncoding } from './values.ts'

/** SQL conditions that find a row, and what to bind to them. */
export interface Place {
  readonly where: string
  readonly parameters: readonly SqlValue[]
}

/** One change, ready to be written. */
export interface Write {
  readonly change: Change
  /** Finds the row by its key. */
  readonly place: Place
  /** The fields of `before` and `after`; empty where there is no record. */
  readonly before: ReadonlyMap<string, ValueText>
  readonly after: ReadonlyMap<string, ValueText>
  /** Values of `after` to bind, for every selected field (NULL for those left out). */
  readonly values: ReadonlyMap<string, BoundValue>
  /** Selected fields that differ between before and after; derived ones are never written on update. */
  readonly changed: readonly string[]
}

export interface Target {
  readonly table: Table
  readonly selection: Selection
  readonly reader: RowReader
  readonly encoding: TextEncoding
  readonly writes: readonly Write[]
}

/** What targets are made from: the live catalogue. */
export interface Catalogue {
  readonly tables: ReadonlyMap<string, Table>
  readonly encoding: TextEncoding
}

/** @throws UsageError naming collection, key and field when live has no place for what the plan says */
export function targetOf(catalogue: Catalogue, collection: CollectionChanges): Target {
  const { schema } = collection.selection
  const table = catalogue.tables.get(schema.name)
  if (table === undefined)
    throw new UsageError(`there is no table ${schema.name} in the database`, { hint: 'run your migrations first' })
  if (schema.key.length === 0)
    throw new UsageError(`table ${schema.name} has no primary key`, {
      hint: `configure "key" for collection ${schema.name}`,
    })
  const writable = new Set(table.columns.filter((column) => !column.generated).map((column) => column.name))
  const missing = schema.fields.find((field) => !writable.has(field.name))
  if (missing !== undefined)
    throw new UsageError(`table ${schema.name} has no field ${missing.name} in the database`, {
      hint: 'run your migrations first',
    })
  const writes = collection.changes.map((change) => writeOf(collection.selection, change))
  const reader = rowReader(schema, catalogue.encoding)
  return { table, selection: collection.selection, reader, encoding: catalogue.encoding, writes }
}

function writeOf(selection: Selection, change: Change): Write {
  const name = selection.schema.name
  const before = fieldsOf(name, change.key, change.before)
  const after = fieldsOf(name, change.key, change.after)
  const selected = selection.schema.fields.map((field) => field.name)
  const unknown = [...after.keys()].find((field) => !selected.includes(field))
  if (unknown !== undefined)
    throw new UsageError(`${name} ${change.key}: the database has no field ${unknown} to write`, {
      hint: 'run your migrations first, or take the field out of the export',
    })
  if (change.after !== undefined && keyOf(after, selection.schema.key) !== change.key)
    throw new UsageError(`${name} ${change.key}: the record has another key`)
  const at = { collection: name, key: change.key }
  return {
    change,
    place: keyPlace(selection, change.key),
    before,
    after,
    values: new Map(selected.map((field) => [field, valueAt(at, field, after.get(field))])),
    changed: selected.filter((field) => !selection.derived.includes(field) && before.get(field) !== after.get(field)),
  }
}

function fieldsOf(collection: string, key: KeyText, text: RecordText | undefined): ReadonlyMap<string, ValueText> {
  if (text === undefined) return new Map()
  try {
    return splitObject(text)
  } catch (error) {
    throw new UsageError(`${collection} ${key}: the record is no canonical text`, { cause: error })
  }
}

function valueAt(
  at: { readonly collection: string; readonly key: KeyText },
  field: string,
  text: ValueText | undefined,
): BoundValue {
  try {
    return boundValue(text)
  } catch (error) {
    throw new UsageError(`${at.collection} ${at.key}: field ${field}: ${(error as Error).message}`, { cause: error })
  }
}

/** `IS` also finds NULL, which SQLite allows in keys (https://www.sqlite.org/lang_createtable.html#the_primary_key). */
function keyPlace(selection: Selection, key: KeyText): Place {
  const { schema } = selection
  const parts = splitArray(key).map((part, i) =>
    valueAt({ collection: schema.name, key }, schema.key[i] ?? '', part === 'null' ? undefined : part),
  )
  if (parts.length !== schema.key.length)
    throw new UsageError(`${schema.name} ${key}: the key has ${schema.key.length} fields`)
  return {
    where: schema.key.map((field, i) => `${quoted(field)} IS ${parts[i]?.slot ?? '?'}`).join(' AND '),
    parameters: parts.map((part) => part.value),
  }
}

/** A live row at a key's place. */
export interface LiveRow {
  readonly key: KeyText
  readonly text: RecordText
  readonly rowid: SqlValue
}

/** Rows that SQLite finds at the key. The column's collation may match more than the key itself, so callers compare `key`. */
export function rowsAt(connection: Connection, target: Target, place: Place): LiveRow[] {
  const sql = `SELECT ${target.table.rowid ?? 'NULL'}, ${target.reader.columns} FROM ${quoted(target.table.name)} WHERE ${place.where}`
  return connection
    .rows(sql, place.parameters)
    .map((row) => ({ ...target.reader.record(row, 1), rowid: row[0] ?? null }))
}

/** The first field, derived ones apart, in which two records differ; undefined when they are equal. */
export function differingField(target: Target, live: RecordText, planned: RecordText): string | undefined {
  if (live === planned) return undefined
  const [a, b] = [splitObject(live), splitObject(planned)]
  const names = [...new Set([...a.keys(), ...b.keys()])]
  return names.find((name) => !target.selection.derived.includes(name) && a.get(name) !== b.get(name))
}
