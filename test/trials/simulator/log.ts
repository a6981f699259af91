/**
 * The log of operations: what users and people resolving merges did to one record, and in which commit it went out. The oracle knows this log and who could have
 * seen what; it knows nothing of the rule's stamps, regions or bases.
 */
import { contains, type Graph } from './commits.ts'
import type { Registers, Shape } from './registers.ts'

export interface Operation {
  readonly commit: number
  readonly kind: 'write' | 'delete'
  /** Positions of the registers written, and the record's registers afterwards. */
  readonly written: ReadonlySet<number>
  readonly after: Registers
  /** What the counter was before; undefined when the record was not there, and the counter is set, not changed. */
  readonly counted: string | undefined
}

export interface Log {
  readonly graph: Graph
  readonly shape: Shape
  /** At most one operation a commit, by the commit's number. */
  readonly operations: Map<number, Operation>
}

/** The operations in the histories of commits, newest commit first: no operation comes before one that has seen it. */
export function operationsIn(log: Log, commits: readonly number[]): Operation[] {
  const found: Operation[] = []
  for (const operation of log.operations.values()) {
    if (commits.some((commit) => contains(log.graph, commit, operation.commit))) found.push(operation)
  }
  return found.toReversed()
}

/** True when some write was not covered by a delete that had seen it. */
export function isPresent(log: Log, operations: readonly Operation[]): boolean {
  const deletes = operations.filter((operation) => operation.kind === 'delete')
  return operations.some(
    (write) => write.kind === 'write' && !deletes.some((gone) => contains(log.graph, gone.commit, write.commit)),
  )
}

/** The writes of a register that no other write of it has seen. */
export function lastWrites(log: Log, operations: readonly Operation[], register: number): Operation[] {
  const last: Operation[] = []
  for (const operation of operations) {
    if (!operation.written.has(register)) continue
    if (!last.some((later) => contains(log.graph, later.commit, operation.commit))) last.push(operation)
  }
  return last
}

/** The amounts a counter may show: what it was last set to, and every change that that setting had not seen. */
export function amounts(log: Log, operations: readonly Operation[]): string[] {
  const { counter } = log.shape
  const writes = operations.filter((operation) => operation.written.has(counter))
  const settings = writes.filter((operation) => operation.counted === undefined)
  return lastWrites(log, settings, counter).map((setting) => {
    let amount = Number(setting.after[counter])
    for (const change of writes) {
      if (change.counted === undefined || contains(log.graph, setting.commit, change.commit)) continue
      amount += Number(change.after[counter]) - Number(change.counted)
    }
    return String(amount)
  })
}
