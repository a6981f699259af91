/**
 * Applies a plan in one IMMEDIATE transaction: check that the live records are what the plan was made from, write them without the user's triggers (but for those of
 * triggers.ts), read them back, check the foreign keys, write the state. With any outcome but `applied` everything is rolled back.
 */
import { splitObject } from '../../model/canonical.ts'
import type { ApplyOutcome, ApplyPlan } from '../../model/change.ts'
import { UndoneError, UsageError } from '../../model/errors.ts'
import { appliedOutcome } from '../applied.ts'
import { unexpectedText } from '../expected-state.ts'
import { NotLoadable, withoutLoads } from '../loads.ts'
import { RefusedPlan, stale } from '../refused-plan.ts'
import { readTables, textEncoding } from './catalog.ts'
import { type SqliteConnection, immediately, immediatelyAwaiting } from './connect.ts'
import { type LocatedTable, checkReassigned, checkReferences, rememberReleased } from './foreign-keys.ts'
import { writeKeepingIndexes } from './keep-indexes.ts'
import { type KeyTable, fillKeyTable, liveRows } from './key-table.ts'
import { loadInTransaction } from './load.ts'
import { type WriteRefusal, refusePlan } from './refusals.ts'
import { putState, readState } from './state.ts'
import { changeStructure } from './structure.ts'
import { type LiveRow, type PreparedTable, type RowWrite, differingField, prepareTable } from './prepare.ts'
import { writeTable } from './write.ts'

/**
 * See `Adapter.apply`. The connection must be used for this plan alone, because the temporary tables of foreign-keys.ts stay on it until it is closed.
 * @throws UsageError when the database lacks a table or field that the plan writes; UndoneError when a row does not read back as planned
 */
export async function applyPlan(connection: SqliteConnection, plan: ApplyPlan): Promise<ApplyOutcome> {
  try {
    if ((plan.loads ?? []).length > 0) return await applyLoads(connection, plan)
    return immediately(connection, () => applyInTransaction(connection, plan))
  } catch (error) {
    if (error instanceof RefusedPlan) return error.outcome
    throw error
  }
}

async function applyLoads(connection: SqliteConnection, plan: ApplyPlan): Promise<ApplyOutcome> {
  try {
    if (plan.collections.some(({ changes }) => changes.length > 0)) throw new NotLoadable('some tables are not empty')
    return await immediatelyAwaiting(connection, () => loadInTransaction(connection, plan))
  } catch (error) {
    if (!(error instanceof NotLoadable)) throw error
    const changes = await withoutLoads(plan)
    return immediately(connection, () => applyInTransaction(connection, changes))
  }
}

function applyInTransaction(connection: SqliteConnection, plan: ApplyPlan): ApplyOutcome {
  if (unexpectedText(readState(connection), plan.expectedState) !== undefined)
    throw stale('another run has written the sync point meanwhile')
  changeStructure(connection, plan.structure ?? [])
  const catalogue = { tables: readTables(connection), encoding: textEncoding(connection) }
  const planned = plan.collections
    .filter((collection) => collection.changes.length > 0)
    .map((collection) => prepareTable(catalogue, collection))
    .map((prepared, position) => located(connection, fillKeyTable(connection, prepared, position)))
  checkReassigned(connection, planned, catalogue.tables)
  const released = rememberReleased(connection, planned, catalogue.tables)
  writeKeepingIndexes(connection, planned, (triggered) => {
    const refusals: WriteRefusal[] = []
    for (const { prepared, located: rows } of planned)
      refusals.push(...writeTable(connection, prepared, { rows, isTriggered: triggered.has(prepared.table.name) }))
    refusePlan(refusals)
  })
  for (const { keys } of planned) readBack(connection, keys)
  checkReferences(connection, planned, released)
  putState(connection, plan.state)
  return appliedOutcome(plan)
}

/** Finds the live row of each change. @throws RefusedPlan with outcome `stale` when a record is no longer `before` */
function located(connection: SqliteConnection, keys: KeyTable): LocatedTable {
  const { prepared } = keys
  const rows: (Pick<LiveRow, 'rowid'> | undefined)[] = []
  for (const [n, row] of liveRows(connection, keys)) {
    const { key, before } = (prepared.writes[n] as RowWrite).change
    if (row.key !== key) continue
    if (rows[n] !== undefined)
      throw new UsageError(`${prepared.table.name} has 2 records with the key ${key}`, {
        hint: `configure a "key" that is unique for collection ${prepared.table.name}`,
      })
    rows[n] = { rowid: row.rowid }
    const record = `record ${key} of ${prepared.table.name}`
    if (before === undefined) throw stale(`${record} has been added meanwhile`)
    if (differingField(prepared, row.text, before) !== undefined) throw stale(`${record} has changed meanwhile`)
  }
  for (const [n, { change }] of prepared.writes.entries())
    if (change.before !== undefined && rows[n] === undefined)
      throw stale(`record ${change.key} of ${prepared.table.name} has been deleted meanwhile`)
  return { prepared, keys, located: prepared.writes.map((write, n) => ({ write, row: rows[n] })) }
}

/**
 * Compares every written row with the plan. Triggers did not run, and a default cannot replace a value that was bound, so what differs was converted by the column's
 * type, or by SQLite itself.
 * @throws UndoneError naming collection, key and field of the first change that differs
 */
function readBack(connection: SqliteConnection, keys: KeyTable): void {
  const { prepared } = keys
  const found = new Uint8Array(prepared.writes.length)
  const wrong = new Map<number, LiveRow | undefined>()
  for (const [n, row] of liveRows(connection, keys)) {
    const { key, after } = (prepared.writes[n] as RowWrite).change
    if (row.key === key) found[n] = 1
    const isRight = row.key === key && after !== undefined && differingField(prepared, row.text, after) === undefined
    if (isRight) wrong.delete(n)
    // by the column's collation another row may have the key too
    else if (row.key === key || (after !== undefined && found[n] === 0)) wrong.set(n, row)
  }
  for (const [n, { change }] of prepared.writes.entries())
    if (change.after !== undefined && found[n] === 0 && !wrong.has(n)) wrong.set(n, undefined)
  if (wrong.size === 0) return
  const first = [...wrong.keys()].reduce((least, n) => Math.min(least, n))
  throw notAsPlanned(prepared, prepared.writes[first] as RowWrite, wrong.get(first))
}

function notAsPlanned(prepared: PreparedTable, write: RowWrite, row: LiveRow | undefined): UndoneError {
  const { key, after } = write.change
  const record = `${prepared.table.name} ${key}`
  const hint = 'nothing was changed; make the table the same on both machines, or configure the field as "derived"'
  if (after === undefined || row === undefined)
    return new UndoneError(
      `${record} is ${row === undefined ? 'not there after it was written' : 'still there after it was deleted'}`,
      { hint },
    )
  const field = differingField(prepared, row.text, after) ?? ''
  const live = splitObject(row.text).get(field) ?? 'NULL'
  const planned = write.after.get(field) ?? 'NULL'
  return new UndoneError(
    `${record}: field ${field} reads back as ${live} instead of ${planned}: its column converts the value`,
    { hint },
  )
}
