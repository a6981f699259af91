/** Writing a plan so that the database's own indexes (indexes.ts) fit their tables afterwards: kept by their triggers where that can be done, made anew where not, and checked. */
import { UndoneError } from '../../model/errors.ts'
import { type SqliteConnection, inSavepoint } from './connect.ts'
import type { LocatedTable } from './foreign-keys.ts'
import {
  type VirtualTable,
  canRebuild,
  isCorrupt,
  isSound,
  readVirtualTables,
  rebuild,
  requireSound,
} from './indexes.ts'
import { type Trigger, readTriggers, runningTriggers, withoutTriggers } from './triggers.ts'

/** The triggers of the plan's tables, and the indexes that depend on these tables. */
interface Kept {
  readonly triggers: readonly Trigger[]
  readonly running: readonly Trigger[]
  /** Indexes that running triggers write. */
  readonly byTriggers: readonly VirtualTable[]
  /** External-content indexes that no running trigger keeps, and that fit their tables before the plan. */
  readonly byRebuilding: readonly VirtualTable[]
}

/**
 * Runs `write` with the triggers that are to run (`runningTriggers`), and brings the indexes in step. `write` is told which tables have such triggers; it is run a second time,
 * without any, if an index turns out not to have fitted its table before.
 * @throws UndoneError when an index is damaged and cannot be made anew
 */
export function writeKeepingIndexes(
  connection: SqliteConnection,
  planned: readonly LocatedTable[],
  write: (triggered: ReadonlySet<string>) => void,
): void {
  const kept = readKept(connection, planned)
  const { triggers, running, byTriggers, byRebuilding } = kept
  const suspended = triggers.filter((trigger) => !running.includes(trigger))
  let damaged: readonly VirtualTable[] = []
  try {
    inSavepoint(connection, () => {
      withoutTriggers(connection, suspended, () => write(new Set(running.map(({ table }) => table))))
    })
  } catch (error) {
    if (!isCorrupt(error) || byTriggers.length === 0) throw error
    const lost = byTriggers.find((index) => !canRebuild(index))
    if (lost !== undefined) throw doesNotFit(lost, error)
    inSavepoint(connection, () => {
      withoutTriggers(connection, triggers, () => write(new Set()))
    })
    damaged = byTriggers
  }
  for (const index of new Set([...byRebuilding, ...damaged])) rebuild(connection, index)
  for (const index of byTriggers) check(connection, index, running)
}

function readKept(connection: SqliteConnection, planned: readonly LocatedTable[]): Kept {
  const indexes = readVirtualTables(connection)
  const triggers: Trigger[] = []
  const running: Trigger[] = []
  for (const { prepared } of planned) {
    const own = readTriggers(connection, prepared.table.name)
    triggers.push(...own)
    running.push(...runningTriggers(own, prepared.selection, indexes))
  }
  const written = new Set(running.flatMap(({ writes }) => writes.map(({ table }) => table)))
  const tables = new Set(planned.map(({ prepared }) => prepared.table.name.toLowerCase()))
  const byTriggers = [...indexes].filter(([name]) => written.has(name)).map(([, index]) => index)
  const byRebuilding = [...indexes.values()].filter(
    (index) =>
      canRebuild(index) &&
      tables.has(index.content ?? '') &&
      !byTriggers.includes(index) &&
      isSound(connection, index, true),
  )
  return { triggers, running, byTriggers, byRebuilding }
}

/** An index of some rows only, as a trigger with WHEN keeps it, cannot be compared with its table, nor made anew. */
function check(connection: SqliteConnection, index: VirtualTable, running: readonly Trigger[]): void {
  const name = index.name.toLowerCase()
  const isPartial = running.some(({ conditional, writes }) => conditional && writes.some(({ table }) => table === name))
  const comparable = canRebuild(index) && !isPartial
  if (comparable && !isSound(connection, index, true)) rebuild(connection, index)
  requireSound(connection, index, comparable)
}

function doesNotFit({ name }: VirtualTable, cause: unknown): UndoneError {
  return new UndoneError(`the index ${name} does not fit its table; nothing was changed`, {
    hint: 'make it anew, as your migrations made it, and try again',
    cause,
  })
}
