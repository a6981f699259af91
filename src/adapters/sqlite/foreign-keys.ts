/**
 * Foreign keys while a plan is applied. SQLite's own enforcement is switched off, because ON DELETE CASCADE would delete rows that are not in the plan. Instead
 * what the plan changed is checked here, by SQLite's rules (https://www.sqlite.org/foreignkeys.html). References whose parent was already missing before the plan
 * are not checked.
 */
import type { Reference } from '../../model/collection.ts'
import { type RefusedPlan, stale, violation } from '../refused-plan.ts'
import { quotedName } from '../sql-text.ts'
import type { Table } from './catalog.ts'
import type { SqliteConnection } from './connect.ts'
import { type KeyTable, rowsWithKeys } from './key-table.ts'
import type { PreparedTable, RowCondition, RowWrite } from './prepare.ts'
import { type LocatedWrite, rowCondition } from './write.ts'

/** A prepared table with the live row of each change. */
export interface LocatedTable {
  readonly prepared: PreparedTable
  readonly keys: KeyTable
  readonly located: readonly LocatedWrite[]
}

/** A foreign key of `child` to `parent`, and the temporary table that holds those referenced values of `parent` which the plan deletes or changes. */
interface ReleasedKeys {
  readonly parent: Table
  readonly child: Table
  readonly foreignKey: Reference
  readonly tempTable: string
}

/** To be called before writing: copies the referenced values that the plan deletes or changes into temporary tables, for `checkReferences` to look at afterwards. */
export function rememberReleased(
  connection: SqliteConnection,
  planned: readonly LocatedTable[],
  tables: ReadonlyMap<string, Table>,
): readonly ReleasedKeys[] {
  const keys = [...tables.values()].flatMap((child) => child.foreignKeys.map((foreignKey) => ({ child, foreignKey })))
  return planned.flatMap(({ prepared, located }, number) =>
    keys.flatMap(({ child, foreignKey }, position) => {
      const going = located.filter(({ write }) => releases(write, foreignKey))
      if (foreignKey.to !== prepared.table.name || going.length === 0) return []
      const released = {
        parent: prepared.table,
        child,
        foreignKey,
        tempTable: `_tandem_released_${number}_${position}`,
      }
      connection.exec(`CREATE TEMP TABLE ${released.tempTable} (${releasedColumns(released).join(', ')})`)
      for (const entry of going) copyReleased(connection, released, rowCondition(prepared, entry))
      return [released]
    }),
  )
}

function releases(write: RowWrite, foreignKey: Reference): boolean {
  if (write.change.before === undefined) return false
  return write.change.after === undefined || foreignKey.toFields.some((field) => write.changed.includes(field))
}

/**
 * To be called before writing. A reassigned key names another record afterwards, so a row outside the plan that refers to it would silently get another parent.
 * @throws RefusedPlan with outcome `stale` when there is such a row
 */
export function checkReassigned(
  connection: SqliteConnection,
  planned: readonly LocatedTable[],
  tables: ReadonlyMap<string, Table>,
): void {
  const keys = [...tables.values()].flatMap((child) => child.foreignKeys.map((foreignKey) => ({ child, foreignKey })))
  for (const [number, { prepared, located }] of planned.entries()) {
    const going = located.filter(({ write }) => write.change.reassigned === true)
    for (const [position, { child, foreignKey }] of keys.entries()) {
      if (foreignKey.to !== prepared.table.name || going.length === 0) continue
      const tempTable = `_tandem_reassigned_${number}_${position}`
      const released = { parent: prepared.table, child, foreignKey, tempTable }
      connection.exec(`CREATE TEMP TABLE ${tempTable} (${releasedColumns(released).join(', ')})`)
      for (const entry of going) copyReleased(connection, released, rowCondition(prepared, entry))
      checkOutsiders(connection, { released, going, planned })
    }
  }
}

/** The reassigned records of one table, in the order in which they stand in the temporary table of `released`. */
interface Reassignment {
  readonly released: ReleasedKeys
  readonly going: readonly LocatedWrite[]
  readonly planned: readonly LocatedTable[]
}

/** One query for all records: asked one by one, a child without an index would be read as often as there are reassigned keys. */
function checkOutsiders(connection: SqliteConnection, { released, going, planned }: Reassignment): void {
  const { child, foreignKey, tempTable } = released
  const own = planned.find((each) => each.prepared.table.name === child.name)?.prepared
  const rows = connection.rows(
    `SELECT r.rowid, ${own?.reader.columns ?? '1'} FROM temp.${tempTable} AS r JOIN main.${quotedName(child.name)} AS c
     ON ${sameValues(foreignKey)}`,
  )
  const keys = new Set(own?.writes.map((write) => write.change.key))
  const outsider = rows.find((row) => own === undefined || !keys.has(own.reader.record(row, 1).key))
  if (outsider === undefined) return
  const key = going[Number(outsider[0]) - 1]?.write.change.key ?? ''
  throw stale(`a row of ${child.name} refers to record ${key} of ${foreignKey.to}, which gets another key`)
}

/** Columns of the temporary table, with the parent's type and collation, because SQLite compares a foreign key by these. */
function releasedColumns({ parent, foreignKey }: ReleasedKeys): string[] {
  return referredColumns(parent, foreignKey.toFields).map(({ declared, collation }, i) =>
    columnText(`_tandem_${i}`, declared, collation),
  )
}

/** A column for a temporary table. */
export function columnText(name: string, declared: string, collation: string): string {
  return `${name} ${declared === '' ? '' : quotedName(declared)} COLLATE ${quotedName(collation)}`
}

/** The type and the collation by which SQLite compares a foreign key that refers to these fields. */
export function referredColumns(
  parent: Table,
  fields: readonly string[],
): { readonly declared: string; readonly collation: string }[] {
  const index = parent.uniqueIndexes.find(
    (candidate) => candidate.columns !== undefined && sameSet(candidate.columns, fields),
  )
  return fields.map((field) => {
    const declared = parent.columns.find((column) => column.name === field)?.declaredType ?? ''
    const collation = index?.collations[index.columns?.indexOf(field) ?? -1] ?? 'BINARY'
    // outside a STRICT table, ANY would be a numeric type
    return { declared: parent.strict && declared.toUpperCase() === 'ANY' ? '' : declared, collation }
  })
}

function copyReleased(connection: SqliteConnection, released: ReleasedKeys, condition: RowCondition): void {
  const columns = released.foreignKey.toFields.map(quotedName).join(', ')
  connection.run(
    `INSERT INTO temp.${released.tempTable} SELECT ${columns} FROM main.${quotedName(released.parent.name)} WHERE ${condition.where}`,
    condition.parameters,
  )
}

/**
 * To be called after writing. If a row outside the plan refers to a value that the plan has deleted or changed, the plan is stale, since it was made without that
 * row. If the parent of a row that the plan wrote is missing, that is a violation.
 * @throws RefusedPlan
 */
export function checkReferences(
  connection: SqliteConnection,
  planned: readonly LocatedTable[],
  released: readonly ReleasedKeys[],
): void {
  for (const entry of released) checkReleased(connection, planned, entry)
  for (const { keys } of planned) checkParents(connection, keys)
}

function checkReleased(connection: SqliteConnection, planned: readonly LocatedTable[], released: ReleasedKeys): void {
  const { child, foreignKey, tempTable } = released
  const prepared = planned.find((candidate) => candidate.prepared.table.name === child.name)?.prepared
  const dangling = connection.rows(
    `SELECT ${prepared?.reader.columns ?? '1'} FROM temp.${tempTable} AS r JOIN main.${quotedName(child.name)} AS c
     ON ${sameValues(foreignKey)} WHERE ${noParent(foreignKey)}`,
  )
  const may = new Set(prepared?.writes.filter(({ change }) => change.dangling === true).map(({ change }) => change.key))
  const keys = prepared === undefined ? [] : dangling.map((row) => prepared.reader.record(row).key)
  if (dangling.length === 0 || (prepared !== undefined && keys.every((key) => may.has(key)))) return
  const needy = keys.filter((key) => !may.has(key))
  throw (
    refusalOf(prepared, foreignKey, needy) ??
    stale(`a row of ${child.name} refers to a record of ${foreignKey.to} that the plan deletes or changes`)
  )
}

/** The condition that a row of the child (alias `c`) refers to the values in a row of the temporary table (alias `r`). */
function sameValues({ fields }: Reference): string {
  const matches = fields.flatMap((field, i) => [
    // The first condition lets SQLite use an index of the child. The second is SQLite's rule for foreign keys, which compares with the type and the collation of
    // the parent: unary + takes the child's affinity away, and of two collations that of the left operand counts.
    `r._tandem_${i} = c.${quotedName(field)}`,
    `r._tandem_${i} = +c.${quotedName(field)}`,
  ])
  return matches.join(' AND ')
}

/** A violation if the plan itself wrote all the rows that have lost their parent; undefined otherwise. */
function refusalOf(
  prepared: PreparedTable | undefined,
  foreignKey: Reference,
  keys: readonly string[],
): RefusedPlan | undefined {
  const own = new Set(prepared?.writes.filter((write) => write.change.after !== undefined).map((w) => w.change.key))
  const [key] = keys
  if (prepared === undefined || key === undefined || !keys.every((each) => own.has(each))) return undefined
  return missingParent(prepared, key, foreignKey)
}

/** An inserted row needs all its parents, an updated one those whose referring fields changed. A reference with a NULL in it needs no parent. */
function checkParents(connection: SqliteConnection, keys: KeyTable): void {
  const { prepared } = keys
  const { table, writes } = prepared
  for (const foreignKey of table.foreignKeys) {
    const needs = ({ change, changed }: RowWrite): boolean =>
      change.after !== undefined &&
      change.dangling !== true &&
      foreignKey.fields.some((field) => changed.includes(field))
    if (!writes.some(needs)) continue
    const filled = foreignKey.fields.map((field) => `c.${quotedName(field)} IS NOT NULL`)
    const dangling = connection.rows(
      `SELECT k._tandem_n FROM ${rowsWithKeys(keys, 'c')} WHERE ${filled.join(' AND ')} AND ${noParent(foreignKey)} ORDER BY 1`,
    )
    const needy = dangling.map(([n]) => writes[Number(n)] as RowWrite).find(needs)
    if (needy !== undefined) throw missingParent(prepared, needy.change.key, foreignKey)
  }
}

/** SQL for the rows of a table that lack the parent to which they refer. */
export function orphansOf(table: Table, foreignKey: Reference): string {
  const filled = foreignKey.fields.map((field) => `c.${quotedName(field)} IS NOT NULL`)
  return `SELECT 1 FROM main.${quotedName(table.name)} AS c WHERE ${filled.join(' AND ')} AND ${noParent(foreignKey)}`
}

function noParent(foreignKey: Reference): string {
  const matches = foreignKey.toFields.map(
    (field, i) => `p.${quotedName(field)} = +c.${quotedName(foreignKey.fields[i] ?? '')}`,
  )
  return `NOT EXISTS (SELECT 1 FROM main.${quotedName(foreignKey.to)} AS p WHERE ${matches.join(' AND ')})`
}

function missingParent(prepared: PreparedTable, key: string, foreignKey: Reference): RefusedPlan {
  const collection = prepared.table.name
  const constraint = `FOREIGN KEY (${foreignKey.fields.join(', ')}) REFERENCES ${foreignKey.to} (${foreignKey.toFields.join(', ')})`
  const message = `${collection} ${key}: the record it refers to in ${foreignKey.to} is missing`
  return violation({ collection, key, constraint, message })
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
