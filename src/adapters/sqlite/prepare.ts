/**
 * A plan's changes to one table, checked against the live catalogue and turned into values to bind. All of it happens before anything is written, so a record with
 * a field that the table lacks, or with a value that SQLite cannot hold, stops the plan before its first write.
 */
import { type KeyText, type RecordText, type ValueText, keyOf, splitArray, splitObject } from '../../model/canonical.ts'
import type { Change, CollectionChanges, LiveRecord } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import { quotedName } from '../sql-text.ts'
import type { Table } from './catalog.ts'
import type { SqlValue } from './connect.ts'
import { type RowReader, rowReader } from './row-reader.ts'
import { type BoundValue, type TextEncoding, boundValue } from './values.ts'

/** An SQL condition that finds a row, and the values to bind in it. */
export interface RowCondition {
  readonly where: string
  readonly parameters: readonly SqlValue[]
}

/** The condition for a key. */
export interface KeyCondition extends RowCondition {
  /** Where each of the parameters is bound. */
  readonly slots: readonly BoundValue['slot'][]
}

/** One change of a row, ready to be written. */
export interface RowWrite {
  readonly change: Change
  /** Finds the row by its key. */
  readonly byKey: KeyCondition
  /** The fields of `before` and `after`; empty where there is no record. */
  readonly before: ReadonlyMap<string, ValueText>
  readonly after: ReadonlyMap<string, ValueText>
  /** Values of `after` to bind: of a row that stays, the changed ones; otherwise of every selected field (NULL for those left out). */
  readonly values: ReadonlyMap<string, BoundValue>
  /** Selected fields that differ between before and after; derived ones are never written on update. */
  readonly changed: readonly string[]
}

/** The changes of a plan to one table, ready to be written. `reader` reads a live row as a record of the selection. */
export interface PreparedTable {
  readonly table: Table
  readonly selection: Selection
  readonly reader: RowReader
  readonly encoding: TextEncoding
  readonly writes: readonly RowWrite[]
}

/** What the live database has: its tables by name, and how it stores text. */
export interface Catalogue {
  readonly tables: ReadonlyMap<string, Table>
  readonly encoding: TextEncoding
}

/** Prepares the changes to one collection. @throws UsageError naming collection, key and field when the live table cannot hold what the plan says */
export function prepareTable(catalogue: Catalogue, collection: CollectionChanges): PreparedTable {
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
  const selected = new Set(schema.fields.map((field) => field.name))
  const writes = collection.changes.map((change) => prepareWrite(collection.selection, selected, change))
  const reader = rowReader(schema, catalogue.encoding)
  return { table, selection: collection.selection, reader, encoding: catalogue.encoding, writes }
}

function prepareWrite(selection: Selection, selected: ReadonlySet<string>, change: Change): RowWrite {
  const name = selection.schema.name
  const before = fieldsOf(name, change.key, change.before)
  const after = fieldsOf(name, change.key, change.after)
  const unknown = [...after.keys()].find((field) => !selected.has(field))
  if (unknown !== undefined)
    throw new UsageError(`${name} ${change.key}: the database has no field ${unknown} to write`, {
      hint: 'run your migrations first, or take the field out of the export',
    })
  if (change.after !== undefined && keyOf(after, selection.schema.key) !== change.key)
    throw new UsageError(`${name} ${change.key}: the record has another key`)
  const at = { collection: name, key: change.key }
  const differing = [...selected].filter((field) => before.get(field) !== after.get(field))
  const stays = change.before !== undefined && change.after !== undefined && change.reassigned !== true
  return {
    change,
    byKey: keyCondition(selection, change.key),
    before,
    after,
    values: new Map([...(stays ? differing : selected)].map((field) => [field, valueAt(at, field, after.get(field))])),
    changed: differing.filter((field) => !selection.derived.includes(field)),
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

/** The condition for a key. `IS` also finds NULL, which SQLite allows in keys (https://www.sqlite.org/lang_createtable.html#the_primary_key). */
function keyCondition(selection: Selection, key: KeyText): KeyCondition {
  const { schema } = selection
  const parts = splitArray(key).map((part, i) =>
    valueAt({ collection: schema.name, key }, schema.key[i] ?? '', part === 'null' ? undefined : part),
  )
  if (parts.length !== schema.key.length)
    throw new UsageError(`${schema.name} ${key}: the key has ${schema.key.length} fields`)
  return {
    where: schema.key.map((field, i) => `${quotedName(field)} IS ${parts[i]?.slot ?? '?'}`).join(' AND '),
    parameters: parts.map((part) => part.value),
    slots: parts.map((part) => part.slot),
  }
}

/** A live row: its record, and its rowid (null where the table has none that can be read). */
export interface LiveRow extends LiveRecord {
  readonly rowid: SqlValue
}

/** The name of the first field, derived ones apart, in which two records differ; undefined when there is none. */
export function differingField(prepared: PreparedTable, live: RecordText, planned: RecordText): string | undefined {
  if (live === planned) return undefined
  const [a, b] = [splitObject(live), splitObject(planned)]
  const names = [...new Set([...a.keys(), ...b.keys()])]
  return names.find((name) => !prepared.selection.derived.includes(name) && a.get(name) !== b.get(name))
}
