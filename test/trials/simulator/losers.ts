/** Whether every value that lost in a merge is among its decisions: a value someone wrote, that nobody has seen and replaced, and that the merged record does not hold. */
import { objectText, type RecordText } from '../../../src/model/canonical.ts'
import type { Decision } from '../../../src/model/decision.ts'
import { contains } from './commits.ts'
import { lastWrites, type Log, type Operation, operationsIn } from './log.ts'
import { type Shape, takeApart } from './registers.ts'

export interface Merged {
  readonly ours: number
  readonly theirs: number
  readonly states: { readonly ours: RecordText | undefined; readonly theirs: RecordText | undefined }
  readonly text: RecordText | undefined
  readonly decisions: readonly Decision[]
}

/** What lost without a word, in words; empty when every loser is named. */
export function unreported(log: Log, merged: Merged): string[] {
  const { graph } = log
  if (contains(graph, merged.ours, merged.theirs) || contains(graph, merged.theirs, merged.ours)) return []
  const both = operationsIn(log, [merged.ours, merged.theirs])
  return [...lostBy(log, merged, both, 'ours'), ...lostBy(log, merged, both, 'theirs')]
}

function lostBy(log: Log, merged: Merged, both: readonly Operation[], side: 'ours' | 'theirs'): string[] {
  const state = merged.states[side]
  if (merged.text === undefined) return []
  if (state === undefined) return lostDelete(log, merged, both, side)
  const [before, after] = [takeApart(state, log.shape), takeApart(merged.text, log.shape)]
  return before.flatMap((value, register) => {
    if (value === after[register] || register === log.shape.counter || log.shape.loose.has(register)) return []
    const last = lastWrites(log, both, register).filter((write) => write.after[register] === value)
    const lost = last.some((write) => !contains(log.graph, merged[other(side)], write.commit))
    if (!lost || merged.decisions.some((decision) => names(decision, { side, register, value }, log.shape))) return []
    return [`${log.shape.names[register]} = ${value ?? 'absent'} of ${side}`]
  })
}

/** What the other side has seen lost there already, and was named then. */
function other(side: 'ours' | 'theirs'): 'ours' | 'theirs' {
  return side === 'ours' ? 'theirs' : 'ours'
}

/** A delete that nobody had seen and that lost to a write. */
function lostDelete(log: Log, merged: Merged, both: readonly Operation[], side: 'ours' | 'theirs'): string[] {
  const lost = both.some((one) => one.kind === 'delete' && !contains(log.graph, merged[other(side)], one.commit))
  const named = merged.decisions.some(({ kind }) => kind === 'edit-delete')
  return lost && !named ? [`the delete of ${side}`] : []
}

interface Loser {
  readonly side: 'ours' | 'theirs'
  readonly register: number
  readonly value: string | undefined
}

function names(decision: Decision, { side, register, value }: Loser, shape: Shape): boolean {
  const { field } = decision
  const name = shape.names[register] as string
  const record = recordWith(field, decision[side])
  if (field !== undefined && !covers(field, name)) return false
  return takeApart(record, { ...shape, known: new Map() })[register] === value
}

/** The register is in what the decision is about; of a group of which a record has one field alone, that field stands for it. */
function covers(field: string, name: string): boolean {
  return field === name || name.startsWith(`${field}.`) || name.startsWith(`${field} `) || name.endsWith(` ${field}`)
}

/** A record that has just this value at this place. */
function recordWith(field: string | undefined, value: string | undefined): RecordText {
  if (field === undefined || field.includes(' + ')) return value ?? '{}'
  if (value === undefined) return '{}'
  return field.split('.').reduceRight((inside, name) => objectText([[name, inside]]), value)
}
