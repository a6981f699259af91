/** The commits of one history: a growing graph with the content of every record, and the view of one record that the merge rule is given. */
import type { RecordText } from '../../../src/model/canonical.ts'
import type { HistoryCommit, RecordHistory } from '../../../src/model/history.ts'
import { copiesOf } from '../../../src/merge/history/copies.ts'

/** At most so many commits a history. */
const LIMIT = 512

export interface Commit {
  readonly index: number
  readonly parents: readonly number[]
  readonly since: number
  readonly at: number
  readonly asset: string
  readonly exportId: string | undefined
  /** What a person reads in a reproduction: `export`, `hand edit`, `merge` … */
  readonly kind: string
  /** Per record: what the file says, and whether what a merge dropped is accepted. */
  readonly contents: readonly (RecordText | undefined)[]
  readonly accepts: readonly boolean[]
  /** A whole export by the tool, on the parent it was made for. */
  readonly isSettled: boolean
  /** One bit for every commit in its history, itself included. */
  readonly past: Uint32Array
}

export type NewCommit = Pick<
  Commit,
  'parents' | 'asset' | 'exportId' | 'kind' | 'contents' | 'accepts' | 'isSettled'
> & {
  /** The machine's clock when it was made; a data commit's own clock when it is copied. */
  readonly date: number
}

export interface Graph {
  readonly commits: Commit[]
}

export class TooLong extends Error {}

/** Every commit ticks: its clock is the machine's, unless that is behind what it builds on. */
export function addCommit(graph: Graph, made: NewCommit): number {
  const index = graph.commits.length
  if (index >= LIMIT) throw new TooLong()
  const past = new Uint32Array(LIMIT / 32)
  let since = 0
  for (const parent of made.parents) {
    const { at, past: before } = graph.commits[parent] as Commit
    if (at > since) since = at
    for (let i = 0; i < past.length; i++) past[i] = (past[i] as number) | (before[i] as number)
  }
  past[index >> 5] = (past[index >> 5] as number) | (1 << (index & 31))
  const { date, ...rest } = made
  graph.commits.push({ ...rest, index, since, at: Math.max(date, since + 1), past })
  return index
}

/** True when `ancestor` is `index` or in its history. */
export function contains(graph: Graph, index: number, ancestor: number): boolean {
  const { past } = graph.commits[index] as Commit
  return (((past[ancestor >> 5] as number) >>> (ancestor & 31)) & 1) === 1
}

/** Commits in the history of some of `of` and in no history of `without`, oldest first. */
export function regionOf(graph: Graph, of: readonly number[], without: readonly number[]): number[] {
  const region: number[] = []
  const words = LIMIT / 32
  for (let word = 0; word < words; word++) {
    let bits = 0
    for (const index of of) bits |= (graph.commits[index] as Commit).past[word] as number
    for (const index of without) bits &= ~((graph.commits[index] as Commit).past[word] as number)
    for (; bits !== 0; bits &= bits - 1) region.push(word * 32 + 31 - Math.clz32(bits & -bits))
  }
  return region
}

/** Commits in both histories that are in the history of no other such. */
export function basesOf(graph: Graph, a: number, b: number): number[] {
  const bases: number[] = []
  for (let index = Math.min(a, b); index >= 0; index--) {
    if (!contains(graph, a, index) || !contains(graph, b, index)) continue
    if (!bases.some((base) => contains(graph, base, index))) bases.push(index)
  }
  return bases
}

export const nameOf = (index: number): string => `c${index}`
const indexOf = (id: string): number => Number(id.slice(1))

/** One record's view of the graph; it grows with it. */
export function historyOf(graph: Graph, record: number): RecordHistory {
  const commits: HistoryCommit[] = []
  const commit = (id: string): HistoryCommit => {
    const index = indexOf(id)
    return (commits[index] ??= viewOf(graph.commits[index] as Commit, record))
  }
  const history: Omit<RecordHistory, 'copies'> = {
    commit,
    content: (id) => (graph.commits[indexOf(id)] as Commit).contents[record],
    isSettled: (id) => (graph.commits[indexOf(id)] as Commit).isSettled,
    region: (of, without) => regionOf(graph, of.map(indexOf), without.map(indexOf)).map(nameOf),
    isAncestor: (ancestor, id) => contains(graph, indexOf(id), indexOf(ancestor)),
    bases: (a, b) => basesOf(graph, indexOf(a), indexOf(b)).map(nameOf),
  }
  return { ...history, copies: (of, known) => copiesOf(history, of, known) }
}

function viewOf(commit: Commit, record: number): HistoryCommit {
  const { index, parents, since, at, asset, exportId, accepts } = commit
  return {
    id: nameOf(index),
    parents: parents.map(nameOf),
    since,
    at,
    asset,
    exportId,
    quoted: [],
    accepts: accepts[record] === true,
  }
}
