/**
 * Performs a plan in one IMMEDIATE transaction: check that live is what the plan was made from, write without triggers, read everything back, check foreign
 * keys, write the state. Any other end than `applied` rolls everything back.
 */
import type { ApplyOutcome, ApplyPlan, Change } from '../../model/change.ts'
import { UndoneError, UsageError } from '../../model/errors.ts'
import { splitObject } from '../../model/canonical.ts'
import { readTables, textEncoding } from './catalog.ts'
import { immediately } from './connect.ts'
import type { Connection } from './connect.ts'
import { checkReassigned, checkReferences, rememberReleased } from './foreign-keys.ts'
import type { PlannedTarget } from './foreign-keys.ts'
import { refuse, RefusedPlan, stale, type Refusals } from './outcome.ts'
import { putState, stateHolds } from './state.ts'
import { changeStructure } from './structure.ts'
import { differingField, rowsAt, targetOf } from './target.ts'
import type { LiveRow, Target, Write } from './target.ts'
import { withoutTriggers } from './triggers.ts'
import { writeTarget } from './write.ts'
import type { LocatedWrite } from './write.ts'

/**
 * See `Adapter.apply`. The connection must be the plan's own: temporary tables stay on it.
 * @throws UsageError when live has no place for what the plan says, UndoneError when a row does not read back as planned
 */
export function applyPlan(connection: Connection, plan: ApplyPlan): ApplyOutcome {
  try {
    return immediately(connection, () => perform(connection, plan))
  } catch (error) {
    if (error instanceof RefusedPlan) return error.outcome
    throw error
  }
}

function perform(connection: Connection, plan: ApplyPlan): ApplyOutcome {
  if (!stateHolds(connection, plan.expectedState)) throw stale('another run has written the sync point meanwhile')
  changeStructure(connection, plan.structure ?? [])
  const catalogue = { tables: readTables(connection), encoding: textEncoding(connection) }
  const planned = plan.collections
    .filter((collection) => collection.changes.length > 0)
    .map((collection) => located(connection, targetOf(catalogue, collection)))
  checkReassigned(connection, planned, catalogue.tables)
  const watched = rememberReleased(connection, planned, catalogue.tables)
  const refusals: Refusals = []
  withoutTriggers(
    connection,
    planned.map(({ target }) => target.table.name),
    () => {
      for (const { target, located: rows } of planned) refusals.push(...writeTarget(connection, target, rows))
    },
  )
  refuse(refusals)
  for (const { target } of planned) for (const write of target.writes) readBack(connection, target, write)
  checkReferences(connection, planned, watched)
  putState(connection, plan.state)
  return counted(plan)
}

function counted(plan: ApplyPlan): ApplyOutcome {
  const changes = plan.collections.flatMap((collection) => collection.changes).filter(isChange)
  const inserted = changes.filter((change) => change.before === undefined && change.after !== undefined).length
  const deleted = changes.filter((change) => change.before !== undefined && change.after === undefined).length
  const updated = changes.filter((change) => change.before !== undefined && change.after !== undefined).length
  return { status: 'applied', inserted, updated, deleted }
}

/** A record that must only still be what it was counts as nothing. */
function isChange({ before, after }: Change): boolean {
  return before !== after
}

function located(connection: Connection, target: Target): PlannedTarget {
  return { target, located: target.writes.map((write) => locate(connection, target, write)) }
}

/** Finds the live row of a change and checks that it is still `before`. */
function locate(connection: Connection, target: Target, write: Write): LocatedWrite {
  const row = rowWithKey(connection, target, write)
  const { key, before } = write.change
  const record = `record ${key} of ${target.table.name}`
  if (before === undefined && row !== undefined) throw stale(`${record} has been added meanwhile`)
  if (before !== undefined && row === undefined) throw stale(`${record} has been deleted meanwhile`)
  if (before !== undefined && row !== undefined && differingField(target, row.text, before) !== undefined)
    throw stale(`${record} has changed meanwhile`)
  return { write, row }
}

function rowWithKey(connection: Connection, target: Target, write: Write): LiveRow | undefined {
  const rows = rowsAt(connection, target, write.place).filter((row) => row.key === write.change.key)
  if (rows.length > 1)
    throw new UsageError(`${target.table.name} has ${rows.length} records with the key ${write.change.key}`, {
      hint: `configure a "key" that is unique for collection ${target.table.name}`,
    })
  return rows[0]
}

/** Triggers are gone and defaults bound over, so only a conversion by the column's type, or SQLite itself, can have changed what was written. */
function readBack(connection: Connection, target: Target, write: Write): void {
  const { key, after } = write.change
  const rows = rowsAt(connection, target, write.place)
  const row = rows.find((candidate) => candidate.key === key) ?? (after === undefined ? undefined : rows[0])
  const record = `${target.table.name} ${key}`
  const hint = 'nothing was changed; make the table the same on both machines, or configure the field as "derived"'
  if (after === undefined && row === undefined) return
  if (after === undefined || row === undefined)
    throw new UndoneError(
      `${record} is ${row === undefined ? 'not there after it was written' : 'still there after it was deleted'}`,
      { hint },
    )
  const field = differingField(target, row.text, after)
  if (field === undefined) return
  const live = splitObject(row.text).get(field) ?? 'NULL'
  const wanted = write.after.get(field) ?? 'NULL'
  throw new UndoneError(
    `${record}: field ${field} reads back as ${live} instead of ${wanted}: its column converts the value`,
    { hint },
  )
}
