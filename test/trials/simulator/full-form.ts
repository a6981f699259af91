/**
 * The merge rule in its full form: every register holds its write with the greatest stamp in all of history, never mind regions and bases. Slow and short. The
 * rule under test looks only at the symmetric difference of two histories and must agree with this everywhere.
 */
import { compareBytes, splitObject } from '../../../src/model/canonical.ts'
import type { Commit } from './commits.ts'
import { amounts, isPresent, lastWrites, type Log, type Operation, operationsIn } from './log.ts'
import { putTogether, type Registers } from './registers.ts'

export interface Stamp {
  readonly time: number
  readonly filled: number
  readonly asset: string
}

/** Stamps of operations, and what each register should hold. */
export interface FullForm {
  /** Stamps an operation, once, before others build on it. */
  stamp(operation: Operation): void
  /** The registers of the record in a merge of commits, or in one commit; undefined when it has no record. */
  state(commits: readonly number[]): Registers | undefined
  /** The same as if nobody had deleted it. */
  undeleted(commits: readonly number[]): Registers
}

/** The full form over a log; each operation is stamped once, when it is entered. */
export function fullFormOf(log: Log): FullForm {
  const stamps = new Map<number, Stamp>()
  const greater =
    (register: number) =>
    (a: Operation, b: Operation): number =>
      compare(stamps.get(a.commit) as Stamp, stamps.get(b.commit) as Stamp) ||
      compareBytes(a.after[register] ?? '', b.after[register] ?? '')
  const valueOf = (register: number, operations: readonly Operation[]): string | undefined => {
    if (register === log.shape.counter) return counterOf(log, operations, greater(register))
    const writes = lastWrites(log, operations, register)
    return writes.sort(greater(register)).at(-1)?.after[register]
  }
  const undeleted = (commits: readonly number[]): Registers => {
    const operations = operationsIn(log, commits)
    return log.shape.names.map((_, register) => valueOf(register, operations))
  }
  const state = (commits: readonly number[]): Registers | undefined =>
    isPresent(log, operationsIn(log, commits)) ? undeleted(commits) : undefined
  const stamp = (operation: Operation): void => {
    const commit = log.graph.commits[operation.commit] as Commit
    const [before, former] = [state(commit.parents), undeleted(commit.parents)]
    const now = former.map((value, register) => (operation.written.has(register) ? operation.after[register] : value))
    stamps.set(operation.commit, stampOf(log, commit, { before, now }))
  }
  return { stamp, undeleted, state }
}

function counterOf(
  log: Log,
  operations: readonly Operation[],
  order: (a: Operation, b: Operation) => number,
): string | undefined {
  const settings = operations.filter((one) => one.written.has(log.shape.counter) && one.counted === undefined)
  const last = settings.sort(order).at(-1)
  if (last === undefined) return undefined
  const rest = operations.filter((one) => one.counted !== undefined || one === last)
  return amounts(log, rest)[0]
}

/** The record's own time where it moved forward, else the commit's clock; never outside what the commit spans. */
function stampOf({ shape }: Log, commit: Commit, record: { before: Registers | undefined; now: Registers }): Stamp {
  const { before, now } = record
  const own = shape.rules.newest === undefined ? undefined : now[shape.time]
  const earlier = before?.[shape.time]
  const moved = own !== undefined && (earlier === undefined || Number(own) > Number(earlier))
  const raw = moved ? Number(own) : commit.at
  const time = Math.min(Math.max(raw, commit.since + 1), commit.at)
  const fields = splitObject(putTogether(now, shape)).values()
  return { time, filled: [...fields].filter((value) => !EMPTY.has(value)).length, asset: commit.asset }
}

const EMPTY: ReadonlySet<string> = new Set(['null', '""', '[]', '{}'])

function compare(a: Stamp, b: Stamp): number {
  return a.time - b.time || a.filled - b.filled || compareBytes(a.asset, b.asset)
}
