/**
 * Foreign keys during a plan. SQLite's own enforcement is off, because ON DELETE CASCADE would take rows that the plan does not speak of; so what the plan
 * changed is checked here, by SQLite's rules (https://www.sqlite.org/foreignkeys.html). Keys that dangled before stay the user's own affair.
 */
import type { ForeignKey, Table } from './catalog.ts'
import type { Connection } from './connect.ts'
import { stale, violation } from './outcome.ts'
import type { RefusedPlan } from './outcome.ts'
import type { Target, Write } from './target.ts'
import { quoted } from './values.ts'
import { rowPlace } from './write.ts'
import type { LocatedWrite } from './write.ts'

/** A target with its live rows found. */
export interface PlannedTarget {
  readonly target: Target
  readonly located: readonly LocatedWrite[]
}

/** A declared key of `child` to `parent`, and the temporary table of the parent's values that the plan takes away. */
interface Watched {
  readonly parent: Table
  readonly child: Table
  readonly foreignKey: ForeignKey
  readonly released: string
}

/** To be called before writing: remembers which referenced values go away. */
export function rememberReleased(
  connection: Connection,
  planned: readonly PlannedTarget[],
  tables: ReadonlyMap<string, Table>,
): readonly Watched[] {
  const keys = [...tables.values()].flatMap((child) => child.foreignKeys.map((foreignKey) => ({ child, foreignKey })))
  return planned.flatMap(({ target, located }, number) =>
    keys.flatMap(({ child, foreignKey }, place) => {
      const going = located.filter(({ write }) => releases(write, foreignKey))
      if (foreignKey.to !== target.table.name || going.length === 0) return []
      const watched = { parent: target.table, child, foreignKey, released: `_tandem_released_${number}_${place}` }
      connection.exec(`CREATE TEMP TABLE ${watched.released} (${releasedColumns(watched).join(', ')})`)
      for (const entry of going) copyReleased(connection, watched, rowPlace(target, entry))
      return [watched]
    }),
  )
}

function releases(write: Write, foreignKey: ForeignKey): boolean {
  if (write.change.before === undefined) return false
  return write.change.after === undefined || foreignKey.toFields.some((field) => write.changed.includes(field))
}

/**
 * To be called before writing: a row outside the plan that refers to a key which is to name another record would silently change its parent.
 * @throws RefusedPlan
 */
export function checkReassigned(
  connection: Connection,
  planned: readonly PlannedTarget[],
  tables: ReadonlyMap<string, Table>,
): void {
  for (const { target, located } of planned)
    for (const entry of located)
      if (entry.write.change.reassigned === true)
        for (const child of tables.values())
          for (const foreignKey of child.foreignKeys)
            if (foreignKey.to === target.table.name)
              checkOutsiders(connection, { target, entry, child, foreignKey, planned })
}

interface Reassignment {
  readonly target: Target
  readonly entry: LocatedWrite
  readonly child: Table
  readonly foreignKey: ForeignKey
  readonly planned: readonly PlannedTarget[]
}

function checkOutsiders(connection: Connection, at: Reassignment): void {
  const { target, entry, child, foreignKey } = at
  const own = at.planned.find((each) => each.target.table.name === child.name)?.target
  const matches = foreignKey.toFields.map((field, i) => `p.${quoted(field)} = +c.${quoted(foreignKey.fields[i] ?? '')}`)
  const place = rowPlace(target, entry)
  const rows = connection.rows(
    `SELECT ${own?.reader.columns ?? '1'} FROM main.${quoted(child.name)} AS c
     WHERE EXISTS (SELECT 1 FROM main.${quoted(target.table.name)} AS p WHERE ${matches.join(' AND ')} AND ${place.where})`,
    place.parameters,
  )
  const keys = new Set(own?.writes.map((write) => write.change.key))
  if (rows.every((row) => own !== undefined && keys.has(own.reader.record(row).key))) return
  throw stale(
    `a row of ${child.name} refers to record ${entry.write.change.key} of ${foreignKey.to}, which gets another key`,
  )
}

/** With the parent's type and collation, by which SQLite compares a foreign key. */
function releasedColumns({ parent, foreignKey }: Watched): string[] {
  const index = parent.uniqueIndexes.find(
    (candidate) => candidate.columns !== undefined && sameSet(candidate.columns, foreignKey.toFields),
  )
  return foreignKey.toFields.map((field, i) => {
    const type = parent.columns.find((column) => column.name === field)?.declaredType ?? ''
    const collation = index?.collations[index.columns?.indexOf(field) ?? -1] ?? 'BINARY'
    return `_tandem_${i} ${type === '' ? '' : quoted(type)} COLLATE ${quoted(collation)}`
  })
}

function copyReleased(connection: Connection, watched: Watched, place: ReturnType<typeof rowPlace>): void {
  const columns = watched.foreignKey.toFields.map(quoted).join(', ')
  connection.run(
    `INSERT INTO temp.${watched.released} SELECT ${columns} FROM main.${quoted(watched.parent.name)} WHERE ${place.where}`,
    place.parameters,
  )
}

/**
 * To be called after writing. A row outside the plan that refers to a value taken away: the plan is stale, as it did not know of the row. A planned row whose
 * parent is not there: a violation.
 * @throws RefusedPlan
 */
export function checkReferences(
  connection: Connection,
  planned: readonly PlannedTarget[],
  watched: readonly Watched[],
): void {
  for (const entry of watched) checkReleased(connection, planned, entry)
  for (const { target, located } of planned) for (const { write } of located) checkParents(connection, target, write)
}

function checkReleased(connection: Connection, planned: readonly PlannedTarget[], watched: Watched): void {
  const { child, foreignKey, released } = watched
  const matches = foreignKey.fields.flatMap((field, i) => [
    // The first may use an index of the child, the second is SQLite's rule: the child's value by the parent's type and collation.
    `r._tandem_${i} = c.${quoted(field)}`,
    `r._tandem_${i} = +c.${quoted(field)}`,
  ])
  const target = planned.find((candidate) => candidate.target.table.name === child.name)?.target
  const dangling = connection.rows(
    `SELECT ${target?.reader.columns ?? '1'} FROM temp.${released} AS r JOIN main.${quoted(child.name)} AS c
     ON ${matches.join(' AND ')} WHERE ${noParent(foreignKey)}`,
  )
  if (dangling.length === 0) return
  throw (
    refusalOf(target, foreignKey, target === undefined ? [] : dangling.map((row) => target.reader.record(row).key)) ??
    stale(`a row of ${child.name} refers to a record of ${foreignKey.to} that the plan deletes or changes`)
  )
}

/** A violation if all dangling rows are written by the plan itself. */
function refusalOf(
  target: Target | undefined,
  foreignKey: ForeignKey,
  keys: readonly string[],
): RefusedPlan | undefined {
  const own = new Set(target?.writes.filter((write) => write.change.after !== undefined).map((w) => w.change.key))
  const [key] = keys
  if (target === undefined || key === undefined || !keys.every((each) => own.has(each))) return undefined
  return missingParent(target, key, foreignKey)
}

/** Inserted rows need all their parents, updated ones those whose fields changed. */
function checkParents(connection: Connection, target: Target, write: Write): void {
  if (write.change.after === undefined) return
  for (const foreignKey of target.table.foreignKeys) {
    if (!foreignKey.fields.some((field) => write.changed.includes(field))) continue
    const filled = foreignKey.fields.map((field) => `c.${quoted(field)} IS NOT NULL`)
    const dangling = connection.rows(
      `SELECT 1 FROM main.${quoted(target.table.name)} AS c
       WHERE ${write.place.where} AND ${filled.join(' AND ')} AND ${noParent(foreignKey)}`,
      write.place.parameters,
    )
    if (dangling.length > 0) throw missingParent(target, write.change.key, foreignKey)
  }
}

function noParent(foreignKey: ForeignKey): string {
  const matches = foreignKey.toFields.map((field, i) => `p.${quoted(field)} = +c.${quoted(foreignKey.fields[i] ?? '')}`)
  return `NOT EXISTS (SELECT 1 FROM main.${quoted(foreignKey.to)} AS p WHERE ${matches.join(' AND ')})`
}

function missingParent(target: Target, key: string, foreignKey: ForeignKey): RefusedPlan {
  const collection = target.table.name
  const constraint = `FOREIGN KEY (${foreignKey.fields.join(', ')}) REFERENCES ${foreignKey.to} (${foreignKey.toFields.join(', ')})`
  return violation(
    { collection, key },
    constraint,
    `${collection} ${key}: the record it refers to in ${foreignKey.to} is missing`,
  )
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
