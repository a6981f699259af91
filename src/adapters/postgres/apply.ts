/** Performing a plan: one transaction that checks, writes, checks again, and stores the state; whatever goes wrong, nothing of it remains. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ApplyOutcome, ApplyPlan } from '../../model/change.ts'
import { LockedError, UndoneError, UnreachableError } from '../../model/errors.ts'
import { addLabels, changeStructure } from './change-structure.ts'
import { checkUnchanged, checkWritten, stale } from './compare.ts'
import type { Database } from './connect.ts'
import { explain, isConnectionLoss, isPassing, isServerError } from './failure.ts'
import { checkOutsideChildren, checkParents, readForeignKeys } from './foreign-keys.ts'
import { identifier } from './name.ts'
import { quieten } from './quiet.ts'
import { advanceSequences } from './sequences.ts'
import { writing, type Connection } from './session.ts'
import { stage, type Staged } from './stage.ts'
import { changeState, lockState, unexpectedState } from './state.ts'
import { writeJudged } from './violation.ts'

const ATTEMPTS = 5

/**
 * Performs the plan atomically; runs it again when the server chose it as the victim of a deadlock or a lock was not to be had.
 * @throws UndoneError when a written row does not read back as planned
 * @throws LockedError when others held the rows through every attempt
 */
export async function applyPlan(database: Database, plan: ApplyPlan): Promise<ApplyOutcome> {
  try {
    return await again(database, async () => {
      await addLabels(database, plan.structure ?? [])
      return await writing(database, async (client) => await perform(client, database, plan))
    })
  } catch (error) {
    throw undone(database, error)
  }
}

/**
 * Runs `run` again when the server chose it as the victim of a deadlock or a lock was not to be had.
 * @throws LockedError when others held the rows through every attempt
 */
export async function again<Result>(database: Database, run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (!isPassing(error)) throw error
      if (attempt === ATTEMPTS) {
        throw new LockedError(`${database.source}: other sessions held the records through ${ATTEMPTS} attempts`, {
          hint: 'see pg_stat_activity for transactions left open, and run it again',
          cause: error,
        })
      }
      await pause(50 * attempt * (1 + Math.random()))
    }
  }
}

async function perform(client: Connection, database: Database, plan: ApplyPlan): Promise<ApplyOutcome> {
  await lockState(client)
  const name = await unexpectedState(client, plan.expectedState)
  if (name !== undefined) throw stale(`the tool's state ${name} was changed by another run`)
  await changeStructure(client, database, plan.structure ?? [])
  const staged = await stageAll(client, database, plan)
  const counts = staged.length === 0 ? NOTHING : await performStaged(client, database, staged)
  await changeState(client, database, plan.state)
  return { status: 'applied', ...counts }
}

const NOTHING = { inserted: 0, updated: 0, deleted: 0 }

async function stageAll(client: Connection, database: Database, plan: ApplyPlan): Promise<Staged[]> {
  const collections = plan.collections.filter(({ changes }) => changes.length > 0)
  const staged: Staged[] = []
  for (const [position, collection] of collections.entries()) {
    staged.push(await stage(client, database, { position, collection }))
  }
  return staged
}

async function performStaged(client: Connection, database: Database, plan: readonly Staged[]): Promise<typeof NOTHING> {
  const quiet = await quieten(
    client,
    database,
    plan.map(({ table }) => table),
  )
  for (const staged of plan) await checkUnchanged(client, database, staged)
  const keys = await readForeignKeys(client, plan)
  for (const key of keys) await checkOutsideChildren(client, key, quiet.checkedByServer)
  for (const staged of plan) await advanceSequences(client, staged)
  const counts = await writeJudged(client, database, { plan, keys, checkedByServer: quiet.checkedByServer })
  for (const key of keys) await checkParents(client, key, quiet.checkedByServer)
  for (const staged of plan) await checkWritten(client, database, staged)
  await quiet.restore()
  return counts
}

/** Whatever else came of it: the transaction is rolled back. */
function undone(database: Database, error: unknown): Error {
  const role = identifier(database.role)
  const explained = explain(error, {
    source: database.source,
    doing: 'apply the changes',
    grant:
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA … TO ${role}; ` +
      `GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA … TO ${role} (with row-level security also: ALTER ROLE ${role} BYPASSRLS)`,
  })
  if (!isServerError(error) || !(explained instanceof UnreachableError) || isConnectionLoss(error)) return explained
  return new UndoneError(
    `${database.source}: the database refused the changes: ${error.message}; nothing was changed`,
    {
      hint: error.where ?? 'a trigger, rule or function of the database may have raised this',
      cause: error,
    },
  )
}
