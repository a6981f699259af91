/** Histories of one record for tests, written down by hand: a commit is its parents, what the file says, and when. */
import { copiesOf } from '../../../src/merge/history/copies.ts'
import type { HistoryCommit, RecordHistory } from '../../../src/model/history.ts'

export interface CommitLine {
  readonly parents: readonly string[]
  /** What the file says of the record. */
  readonly content: string | undefined
  /** Commit date in ms; default: one after its parents. */
  readonly at?: number
  readonly asset?: string
  readonly exportId?: string
  readonly quoted?: readonly string[]
  readonly accepts?: boolean
  readonly settled?: boolean
}

/** Parents stand before their children. Every commit ticks the clock. */
export function graphOf(lines: Readonly<Record<string, CommitLine>>): RecordHistory {
  const commits = new Map<string, HistoryCommit>()
  const pasts = new Map<string, ReadonlySet<string>>()
  for (const [id, line] of Object.entries(lines)) {
    const since = Math.max(0, ...line.parents.map((parent) => commits.get(parent)?.at ?? 0))
    const at = Math.max(line.at ?? 0, since + 1)
    const { asset = id, exportId, quoted = [], accepts = false } = line
    commits.set(id, { id, parents: line.parents, since, at, asset, exportId, quoted, accepts })
    pasts.set(id, new Set([id, ...line.parents.flatMap((parent) => [...(pasts.get(parent) ?? [])])]))
  }
  const past = (id: string): ReadonlySet<string> => pasts.get(id) ?? new Set()
  const union = (ids: readonly string[]): Set<string> => new Set(ids.flatMap((id) => [...past(id)]))
  const history: Omit<RecordHistory, 'copies'> = {
    commit: (id) => commits.get(id) as HistoryCommit,
    content: (id) => lines[id]?.content,
    isSettled: (id) => lines[id]?.settled === true,
    region: (of, without) => [...union(of)].filter((id) => !union(without).has(id)),
    isAncestor: (ancestor, id) => past(id).has(ancestor),
    bases: (a, b) => {
      const common = [...past(a)].filter((id) => past(b).has(id))
      return common.filter((id) => !common.some((other) => other !== id && past(other).has(id))).toSorted()
    },
  }
  return { ...history, copies: (of, known) => copiesOf(history, of, known) }
}
