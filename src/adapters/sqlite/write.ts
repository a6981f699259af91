/**
 * Writes a target's changes: deletes, then updates, then inserts. A row whose unique value moves is taken out first and put back whole, so two rows can
 * swap a value. Apart from apply.ts, which decides whether any of it stands.
 */
import type { ValueText } from '../../model/canonical.ts'
import type { Connection, SqlValue } from './connect.ts'
import { writing, type Refusals } from './outcome.ts'
import type { LiveRow, Place, Target, Write } from './target.ts'
import { boundValue, quoted, readable, valueText } from './values.ts'
import type { BoundValue } from './values.ts'

/** A change with the live row that it updates or deletes; `row` is undefined for an insert. */
export interface LocatedWrite {
  readonly write: Write
  readonly row: LiveRow | undefined
}

/** Where a row is written, and who is told that it was refused. */
interface Writing {
  readonly connection: Connection
  readonly target: Target
  readonly refusals: Refusals
}

/** A row to insert: its columns and their values. */
interface NewRow {
  readonly write: Write
  readonly columns: ReadonlyMap<string, BoundValue>
}

/**
 * Writes one target. Rows that go, and rows whose unique value or whole identity moves, are taken out first, so that every value is free before it is taken. A
 * reassigned key starts afresh; a record that left it takes along what is not exported. Answers what was refused.
 */
export function writeTarget(connection: Connection, target: Target, located: readonly LocatedWrite[]): Refusals {
  const refusals: Refusals = []
  const deletes = located.filter(({ write }) => write.change.after === undefined)
  const updates = located.filter(({ write }) => isUpdate(write))
  const reassigned = updates.filter(({ write }) => write.change.reassigned === true)
  const moving = updates.filter((entry) => !reassigned.includes(entry) && movesUnique(target, entry.write))
  const inserts = located.filter(({ write }) => write.change.before === undefined && write.change.after !== undefined)
  const moved = moving.map((entry) => wholeRow(connection, target, entry))
  const renamed = inserts.map((entry) => renamedRow(connection, target, { entry, located }))
  for (const entry of [...deletes, ...moving, ...reassigned]) deleteRow({ connection, target, refusals }, entry)
  for (const entry of updates)
    if (!moving.includes(entry) && !reassigned.includes(entry)) updateRow({ connection, target, refusals }, entry)
  const fresh = reassigned.map(({ write }) => newRow(target, write))
  for (const row of [...moved, ...renamed, ...fresh]) insertRow({ connection, target, refusals }, row)
  return refusals
}

function isUpdate({ change }: Write): boolean {
  return change.before !== undefined && change.after !== undefined
}

/** A row to insert: new, or with everything that the plan does not speak of from the row that had its former key. */
function renamedRow(
  connection: Connection,
  target: Target,
  { entry, located }: { readonly entry: LocatedWrite; readonly located: readonly LocatedWrite[] },
): NewRow {
  const { write } = entry
  const origin = located.find((other) => other.write.change.key === write.change.from && other.row !== undefined)
  if (write.change.from === undefined || origin === undefined) return newRow(target, write)
  const { columns } = wholeRow(connection, target, origin)
  const kept = [...columns].filter(([name]) => name !== target.table.rowid || name === target.table.rowidAlias)
  const written = [...write.values].filter(([field]) => !target.selection.derived.includes(field))
  return { write, columns: new Map([...kept, ...written]) }
}

/** Where a located row is: by rowid where there is one, as a key of a table without a primary key may match more than one row. */
export function rowPlace(target: Target, { write, row }: LocatedWrite): Place {
  if (target.table.rowid === undefined || row === undefined) return write.place
  return { where: `${target.table.rowid} = ?`, parameters: [row.rowid] }
}

/** True when the update changes a column of a unique index, or might (partial and expression indexes, generated columns). */
function movesUnique(target: Target, write: Write): boolean {
  const { table } = target
  const generated = new Set(table.columns.filter((column) => column.generated).map((column) => column.name))
  const unclear = table.uniqueIndexes.some(
    (index) => index.columns === undefined || index.columns.some((column) => generated.has(column)),
  )
  const unique = new Set([...table.uniqueIndexes.flatMap((index) => index.columns ?? []), table.rowidAlias])
  return write.changed.length > 0 && (unclear || write.changed.some((field) => unique.has(field)))
}

/** The row as it shall be, with everything the plan does not speak of (omitted and derived fields, the rowid) as it is. */
function wholeRow(connection: Connection, target: Target, entry: LocatedWrite): NewRow {
  const { table } = target
  const names = table.columns.filter((column) => !column.generated).map((column) => column.name)
  const place = rowPlace(target, entry)
  const selected = names.map((name) => readable(quoted(name))).join(', ')
  const [row] = connection.rows(`SELECT ${selected} FROM ${quoted(table.name)} WHERE ${place.where}`, place.parameters)
  const columns = new Map(names.map((name, i) => [name, boundValue(valueText(row?.[i], target.encoding))]))
  for (const field of entry.write.changed) columns.set(field, valueOf(entry.write, field))
  if (table.rowid !== undefined && table.rowidAlias === undefined)
    columns.set(table.rowid, { slot: '?', value: entry.row?.rowid ?? null })
  return { write: entry.write, columns }
}

/** Omitted fields, and derived ones that the record does not have, take the table's default. */
function newRow(target: Target, write: Write): NewRow {
  const { derived } = target.selection
  const columns = [...write.values].filter(([field]) => !derived.includes(field) || write.after.has(field))
  return { write, columns: new Map(columns) }
}

function valueOf(write: Write, field: string): BoundValue {
  return write.values.get(field) ?? { slot: '?', value: null }
}

function deleteRow({ connection, target, refusals }: Writing, entry: LocatedWrite): void {
  const place = rowPlace(target, entry)
  writing(recordOf(target, entry.write), refusals, () => {
    connection.run(`DELETE FROM ${quoted(target.table.name)} WHERE ${place.where}`, place.parameters)
  })
}

/** OR ABORT stands against conflict clauses in the table's definition, which would silently replace or skip rows. */
function updateRow({ connection, target, refusals }: Writing, entry: LocatedWrite): void {
  const { write } = entry
  if (write.changed.length === 0) return
  const place = rowPlace(target, entry)
  const assignments = write.changed.map((field) => `${quoted(field)} = ${valueOf(write, field).slot}`)
  const values = write.changed.map((field) => valueOf(write, field).value)
  const sql = `UPDATE OR ABORT ${quoted(target.table.name)} SET ${assignments.join(', ')} WHERE ${place.where}`
  writing(recordOf(target, write), refusals, () => {
    connection.run(sql, [...values, ...place.parameters])
  })
}

function insertRow({ connection, target, refusals }: Writing, row: NewRow): void {
  const names = [...row.columns.keys()].map(quoted)
  const bound = [...row.columns.values()]
  const slots = bound.map((value) => value.slot)
  const sql = `INSERT OR ABORT INTO ${quoted(target.table.name)} (${names.join(', ')}) VALUES (${slots.join(', ')})`
  writing(recordOf(target, row.write), refusals, () => {
    connection.run(
      sql,
      bound.map((value): SqlValue => value.value),
    )
  })
}

function recordOf(target: Target, write: Write): { readonly collection: string; readonly key: ValueText } {
  return { collection: target.table.name, key: write.change.key }
}
