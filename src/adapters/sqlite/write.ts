/**
 * Writes the changes of one table: deletes, then updates, then inserts. A row whose unique value changes is deleted first and inserted again as a whole, so that
 * two rows can swap a value. Separate from apply.ts, which decides whether these writes are committed.
 */
import type { KeyText } from '../../model/canonical.ts'
import { quotedName } from '../sql-text.ts'
import type { SqliteConnection, SqlValue } from './connect.ts'
import type { LiveRow, PreparedTable, RowCondition, RowWrite } from './prepare.ts'
import { type WriteRefusal, type WrittenRecord, notingRefusal } from './refusals.ts'
import { type BoundValue, boundPlaceholder, boundValue, readable, valueText } from './values.ts'

/** A change with the live row that it updates or deletes; `row` is undefined for an insert. */
export interface LocatedWrite {
  readonly write: RowWrite
  readonly row: Pick<LiveRow, 'rowid'> | undefined
}

/** Where rows are written; refusals are added to `refusals`. */
interface Writing {
  readonly connection: SqliteConnection
  readonly prepared: PreparedTable
  /** `OR ABORT`, or nothing. */
  readonly conflict: string
  readonly refusals: WriteRefusal[]
}

/** A row to insert: its columns and their values. */
interface NewRow {
  readonly write: RowWrite
  readonly columns: ReadonlyMap<string, BoundValue>
}

/**
 * Writes one table and returns the refused records. Rows that are deleted, that change a unique value or whose key is reassigned are deleted before anything else, so
 * that every unique value is free before another row takes it. A record that gets a reassigned key starts with the table's defaults for the fields that are not
 * exported; a record that moves to another key keeps its values of these fields.
 */
export function writeTable(
  connection: SqliteConnection,
  prepared: PreparedTable,
  { rows: located, isTriggered }: { readonly rows: readonly LocatedWrite[]; readonly isTriggered: boolean },
): WriteRefusal[] {
  const conflict = isTriggered && !prepared.table.hasConflictClause ? '' : 'OR ABORT'
  const refusals: WriteRefusal[] = []
  const deletes = located.filter(({ write }) => write.change.after === undefined)
  const updates = located.filter(({ write }) => isUpdate(write))
  const reassigned = updates.filter(({ write }) => write.change.reassigned === true)
  const staying = updates.filter(({ write }) => write.change.reassigned !== true)
  const canMove = uniqueMoves(prepared)
  const moving = staying.filter(({ write }) => canMove(write))
  const inserts = located.filter(({ write }) => write.change.before === undefined && write.change.after !== undefined)
  const moved = moving.map((entry) => wholeRow(connection, prepared, entry))
  const origins = new Map(
    located.filter(({ row }) => row !== undefined).map((entry) => [entry.write.change.key, entry]),
  )
  const renamed = inserts.map((entry) => renamedRow(connection, prepared, { entry, origins }))
  for (const entry of [...deletes, ...moving, ...reassigned])
    deleteRow({ connection, prepared, conflict, refusals }, entry)
  for (const entry of staying) if (!canMove(entry.write)) updateRow({ connection, prepared, conflict, refusals }, entry)
  const fresh = reassigned.map(({ write }) => newRow(prepared, write))
  for (const row of [...moved, ...renamed, ...fresh]) insertRow({ connection, prepared, conflict, refusals }, row)
  return refusals
}

function isUpdate({ change }: RowWrite): boolean {
  return change.before !== undefined && change.after !== undefined
}

/** The row of an insert. If the record had another key before (`from`), the fields that the plan does not write are taken from the row with that key. */
function renamedRow(
  connection: SqliteConnection,
  prepared: PreparedTable,
  { entry, origins }: { readonly entry: LocatedWrite; readonly origins: ReadonlyMap<KeyText, LocatedWrite> },
): NewRow {
  const { write } = entry
  const origin = write.change.from === undefined ? undefined : origins.get(write.change.from)
  if (origin === undefined) return newRow(prepared, write)
  const { columns } = wholeRow(connection, prepared, origin)
  const kept = [...columns].filter(([name]) => name !== prepared.table.rowid || name === prepared.table.rowidAlias)
  const written = [...write.values].filter(([field]) => !prepared.selection.derived.includes(field))
  return { write, columns: new Map([...kept, ...written]) }
}

/** The condition that finds a located row: its rowid where there is one, because a configured key of a table without a primary key may match more than one row. */
export function rowCondition(prepared: PreparedTable, { write, row }: LocatedWrite): RowCondition {
  if (prepared.table.rowid === undefined || row === undefined) return write.byKey
  return { where: `${prepared.table.rowid} = ?`, parameters: [row.rowid] }
}

/** Whether an update changes a column of a unique index, or may do so without our knowing (partial and expression indexes, generated columns). */
function uniqueMoves({ table }: PreparedTable): (write: RowWrite) => boolean {
  const generated = new Set(table.columns.filter((column) => column.generated).map((column) => column.name))
  const unclear = table.uniqueIndexes.some(
    (index) => index.columns === undefined || index.columns.some((column) => generated.has(column)),
  )
  const unique = new Set([...table.uniqueIndexes.flatMap((index) => index.columns ?? []), table.rowidAlias])
  return ({ changed }) => changed.length > 0 && (unclear || changed.some((field) => unique.has(field)))
}

/** The whole row after the update: what the plan does not write (omitted and derived fields, the rowid) stays as it is in the live row. */
function wholeRow(connection: SqliteConnection, prepared: PreparedTable, entry: LocatedWrite): NewRow {
  const { table } = prepared
  const names = table.columns.filter((column) => !column.generated).map((column) => column.name)
  const condition = rowCondition(prepared, entry)
  const selected = names.map((name) => readable(quotedName(name))).join(', ')
  const [row] = connection.rows(
    `SELECT ${selected} FROM ${quotedName(table.name)} WHERE ${condition.where}`,
    condition.parameters,
  )
  const columns = new Map(names.map((name, i) => [name, boundValue(valueText(row?.[i], prepared.encoding))]))
  for (const field of entry.write.changed) columns.set(field, valueOf(entry.write, field))
  if (table.rowid !== undefined && table.rowidAlias === undefined)
    columns.set(table.rowid, { slot: '?', value: entry.row?.rowid ?? null })
  return { write: entry.write, columns }
}

/** The row of a new record. Omitted fields get their placeholder; those without one, and derived fields that the record does not have, get the table's default. */
function newRow(prepared: PreparedTable, write: RowWrite): NewRow {
  const { derived, placeholders = new Map() } = prepared.selection
  const columns = [...write.values].filter(([field]) => !derived.includes(field) || write.after.has(field))
  const filled = [...placeholders].map(([field, value]) => [field, boundPlaceholder(value)] as const)
  return { write, columns: new Map([...filled, ...columns]) }
}

function valueOf(write: RowWrite, field: string): BoundValue {
  return write.values.get(field) ?? { slot: '?', value: null }
}

function deleteRow({ connection, prepared, refusals }: Writing, entry: LocatedWrite): void {
  const condition = rowCondition(prepared, entry)
  notingRefusal(recordOf(prepared, entry.write), refusals, () => {
    connection.run(`DELETE FROM ${quotedName(prepared.table.name)} WHERE ${condition.where}`, condition.parameters)
  })
}

/**
 * OR ABORT overrides conflict clauses in the table's definition, which would silently replace or skip rows. It overrides those of triggers too, `INSERT OR REPLACE INTO` an R*Tree for
 * one, so it is left out where triggers run and the table has no such clause.
 */
function updateRow({ connection, prepared, conflict, refusals }: Writing, entry: LocatedWrite): void {
  const { write } = entry
  if (write.changed.length === 0) return
  const condition = rowCondition(prepared, entry)
  const assignments = write.changed.map((field) => `${quotedName(field)} = ${valueOf(write, field).slot}`)
  const values = write.changed.map((field) => valueOf(write, field).value)
  const sql = `UPDATE ${conflict} ${quotedName(prepared.table.name)} SET ${assignments.join(', ')} WHERE ${condition.where}`
  notingRefusal(recordOf(prepared, write), refusals, () => {
    connection.run(sql, [...values, ...condition.parameters])
  })
}

function insertRow({ connection, prepared, conflict, refusals }: Writing, row: NewRow): void {
  const names = [...row.columns.keys()].map(quotedName)
  const bound = [...row.columns.values()]
  const slots = bound.map((value) => value.slot)
  const sql = `INSERT ${conflict} INTO ${quotedName(prepared.table.name)} (${names.join(', ')}) VALUES (${slots.join(', ')})`
  notingRefusal(recordOf(prepared, row.write), refusals, () => {
    connection.run(
      sql,
      bound.map((value): SqlValue => value.value),
    )
  })
}

function recordOf(prepared: PreparedTable, write: RowWrite): WrittenRecord {
  return { collection: prepared.table.name, key: write.change.key }
}
