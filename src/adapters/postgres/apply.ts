/**
 * Applies a plan in one transaction: check that the live records are what the plan was made from, write them without triggers, check them again, write the state.
 * With any outcome but `applied` everything is rolled back.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ApplyOutcome, ApplyPlan } from '../../model/change.ts'
import { LockedError, UndoneError, UnreachableError } from '../../model/errors.ts'
import { NotLoadable, withoutLoads } from '../loads.ts'
import { RefusedPlan, stale } from '../refused-plan.ts'
import { quotedName } from '../sql-text.ts'
import { addLabels, changeStructure } from './change-structure.ts'
import { checkUnchanged, checkWritten } from './compare.ts'
import type { Database } from './connect.ts'
import { explain, isConnectionLoss, isPassing, isServerError } from './failure.ts'
import { type ForeignKey, checkOutsideChildren, checkParents, danglingBefore, readForeignKeys } from './foreign-keys.ts'
import { loadTables, loadedMarks } from './load.ts'
import { advanceSequences } from './sequences.ts'
import { type PgClient, writing } from './session.ts'
import { stage } from './stage.ts'
import type { Staged } from './staged.ts'
import { changeState, lockState, unexpectedState } from './state.ts'
import { avoidBlindPlans } from './statistics.ts'
import { suspendTriggers } from './triggers.ts'
import { writeOrRefuse } from './violation.ts'
import type { WrittenCounts } from './write.ts'

const ATTEMPTS = 5

const REFUSED_HINT =
  'A trigger, rule or function of the database may have raised this: correct it, or the record, then: tandem apply'

/**
 * See `Adapter.apply`. Repeated by itself when the server ended it because of a deadlock or because a lock was not to be had.
 * @throws UsageError when the database lacks a table or field that the plan writes, or the role lacks a privilege
 * @throws UndoneError when a written row does not read back as planned, or the database raised an error of its own
 * @throws LockedError when other sessions held the rows through every attempt
 */
export async function applyPlan(database: Database, plan: ApplyPlan): Promise<ApplyOutcome> {
  try {
    return await withRetries(database, async () => {
      await addLabels(database, plan.structure ?? [])
      return await writing(database, async (client) => await applyInTransaction(client, database, plan))
    })
  } catch (error) {
    if (error instanceof NotLoadable) return await applyPlan(database, await withoutLoads(plan))
    if (error instanceof RefusedPlan) return error.outcome
    throw applyError(database, error)
  }
}

/**
 * Runs `run`, again if the server ended it because of a deadlock or because a lock was not to be had, and returns its result.
 * @throws LockedError when that happened in every one of `ATTEMPTS` attempts; every other error as it is
 */
export async function withRetries<Result>(database: Database, run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (!isPassing(error)) throw error
      if (attempt === ATTEMPTS) {
        throw new LockedError(
          `source ${database.source}: other sessions held the records through ${ATTEMPTS} attempts`,
          {
            hint: 'see pg_stat_activity for transactions left open, and run it again',
            cause: error,
          },
        )
      }
      await pause(50 * attempt * (1 + Math.random()))
    }
  }
}

async function applyInTransaction(client: PgClient, database: Database, plan: ApplyPlan): Promise<ApplyOutcome> {
  await lockState(client)
  const name = await unexpectedState(client, plan.expectedState)
  if (name !== undefined) throw stale(`the tool's state ${name} was changed by another run`)
  await changeStructure(client, database, plan.structure ?? [])
  const staged = await stageAll(client, database, plan)
  const counts = staged.length === 0 ? NO_WRITES : await writeStagedPlan(client, database, staged)
  const { loads = [] } = plan
  if (loads.length > 0 && staged.length > 0) throw new NotLoadable('some tables are not empty')
  const loaded = loads.length === 0 ? 0 : await loadTables(client, database, loads)
  await changeState(client, database, plan.state)
  await changeState(client, database, await loadedMarks(client, database, loads))
  return { status: 'applied', ...counts, inserted: counts.inserted + loaded }
}

const NO_WRITES: WrittenCounts = { inserted: 0, updated: 0, deleted: 0 }

async function stageAll(client: PgClient, database: Database, plan: ApplyPlan): Promise<Staged[]> {
  const collections = plan.collections.filter(({ changes }) => changes.length > 0)
  const staged: Staged[] = []
  for (const [position, collection] of collections.entries()) {
    staged.push(await stage(client, database, { position, collection }))
  }
  return staged
}

async function writeStagedPlan(client: PgClient, database: Database, plan: readonly Staged[]): Promise<WrittenCounts> {
  const triggers = await suspendTriggers(client, database, plan)
  const plans = await avoidBlindPlans(client, plan)
  for (const staged of plan) await plans.byKey(() => checkUnchanged(client, database, staged))
  const keys = await readForeignKeys(client, plan)
  for (const key of keys) await checkOutsideChildren(client, key, triggers.checkedByServer)
  const exempt = new Map<ForeignKey, ReadonlySet<number>>()
  for (const key of keys) exempt.set(key, await danglingBefore(client, key))
  for (const staged of plan) await advanceSequences(client, staged)
  const { checkedByServer } = triggers
  const counts = await writeOrRefuse(client, database, { plan, keys, checkedByServer, plans })
  for (const key of keys) await checkParents(client, key, { checkedByServer, exempt: exempt.get(key) ?? new Set() })
  for (const staged of plan) await plans.byKey(() => checkWritten(client, database, staged))
  await triggers.restore()
  return counts
}

/** What an owner runs once so that the role may apply changes (docs/rights.md). */
function writersStatements({ role, name, schemas = ['public'] }: Database): string {
  const to = `TO ${quotedName(role)}`
  const within = schemas.map(quotedName).join(', ')
  return [
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${within} ${to}`,
    `GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA ${within} ${to}`,
    `GRANT TEMPORARY ON DATABASE ${quotedName(name)} ${to}`,
    `with row-level security also: ALTER ROLE ${quotedName(role)} BYPASSRLS`,
  ].join('; ')
}

/** The error to throw when applying failed. By then the transaction has been rolled back. */
function applyError(database: Database, error: unknown): Error {
  const explained = explain(error, {
    source: database.source,
    doing: 'apply the changes',
    grant: writersStatements(database),
  })
  if (!isServerError(error) || !(explained instanceof UnreachableError) || isConnectionLoss(error)) return explained
  return new UndoneError(
    `source ${database.source}: the database refused the changes: ${error.message}; nothing was changed`,
    {
      // the context names a function that raised it; for a statement of ours it only tells how that was sent
      hint: error.where?.includes('function') === true ? error.where : REFUSED_HINT,
      cause: error,
    },
  )
}
