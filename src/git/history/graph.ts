/** The commits of a repository as a graph with clocks. It answers which commits are ancestors of which. Commits are read in chunks, as far back as a question needs, and kept for one run. */
import { TandemError } from '../../model/errors.ts'
import type { GraphCommit } from './commit-clock.ts'
import { type CommitFacts, commitFromObject, commitsOf } from './commits.ts'
import { NotRead } from './lazily.ts'
import { paintBases, paintRegion } from './paint.ts'
import type { Repository } from '../repository.ts'

/** The graph. Its functions throw NotRead where more has to be read first, so call them inside `complete`. */
export interface CommitGraph {
  commit(id: string): GraphCommit
  /** The commits `of` and all their ancestors, without the commits `without` and their ancestors; newest first. */
  region(of: readonly string[], without: readonly string[]): readonly string[]
  /** True when `ancestor` is `id` itself or one of its ancestors. */
  isAncestor(ancestor: string, id: string): boolean
  /** All merge bases of two commits, sorted by id. */
  bases(a: string, b: string): readonly string[]
  /** Adds a commit that git does not have: it stands for what a live database holds on top of its sync point. */
  add(commit: CommitFacts): void
}

/** Number of commits that are read one by one, without a process: many questions are about the newest commits alone. */
const SINGLE_READS = 8

/** Number of commits of the first read after those; each further read takes eight times as many. */
const FIRST_READ = 256

/** A commit that git does not have, without files and trailers, for `add`. */
export function unrecorded(
  commit: Pick<CommitFacts, 'id' | 'parents' | 'committedAt'> & { readonly asset: string },
): CommitFacts {
  const none = {
    tree: '',
    exportId: undefined,
    clock: undefined,
    rule: undefined,
    held: [],
    accepted: [],
    uniques: [],
    quoted: [],
  }
  return { ...none, ...commit, author: commit.asset }
}

/** The graph of a repository. Nothing is read yet. */
export function openGraph(repository: Repository): CommitGraph {
  const facts = new Map<string, CommitFacts>()
  const commits = new Map<string, GraphCommit>()
  const answers = new Map<string, unknown>()
  let amount = FIRST_READ
  let singles = SINGLE_READS
  const read = async (id: string): Promise<void> => {
    const single = singles-- > 0 ? await commitFromObject(repository, id) : undefined
    if (single !== undefined) {
      facts.set(id, single)
      return
    }
    for (const each of await commitsOf(repository, [`--max-count=${amount}`, id])) facts.set(each.id, each)
    if (!facts.has(id)) throw new TandemError({ code: 'history', exitCode: 1 }, `git has no commit ${id}`)
    amount *= 8
  }
  const factsAt = (id: string): CommitFacts => {
    const known = facts.get(id)
    if (known === undefined) throw new NotRead(`commit ${id}`, () => read(id))
    return known
  }
  const commit = (id: string): GraphCommit => commits.get(id) ?? withClock(factsAt, commits, id)
  const once = <Answer>(question: string, answer: () => Answer): Answer => {
    if (!answers.has(question)) answers.set(question, answer())
    return answers.get(question) as Answer
  }
  const region = (of: readonly string[], without: readonly string[]): readonly string[] =>
    once(`region ${of.join(' ')} - ${without.join(' ')}`, () => paintRegion(commit, of, without))
  return {
    commit,
    region,
    isAncestor: (ancestor, id) =>
      ancestor === id || once(`ancestor ${ancestor} ${id}`, () => !region([ancestor], [id]).includes(ancestor)),
    bases: (a, b) => once(`bases ${[a, b].toSorted().join(' ')}`, () => paintBases(commit, a, b)),
    add: (added) => facts.set(added.id, added),
  }
}

/** The commit with its clock. Clocks are computed in a loop, parents first: a history may be too long for recursion. A data commit in its place has its clock in a trailer. */
function withClock(factsAt: (id: string) => CommitFacts, known: Map<string, GraphCommit>, id: string): GraphCommit {
  const open = [id]
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    const fact = factsAt(at)
    const missing = isInPlace(fact) ? [] : fact.parents.filter((parent) => !known.has(parent))
    if (missing.length > 0) open.push(...missing)
    else {
      known.set(at, clocked(fact, known))
      open.pop()
    }
  }
  return known.get(id) as GraphCommit
}

/** True for a data commit whose parent is the one that it names: no rebase or cherry-pick has moved it. */
function isInPlace({ rule, clock, parents }: CommitFacts): boolean {
  return rule !== undefined && clock !== undefined && parents.length === 1 && rule.parent === parents[0]
}

/** True for a commit whose files are known to be what the merge rule gives: a data commit in its place, or an unchanged merge that the tool made of these parents. */
export function isByRule(facts: CommitFacts): boolean {
  const { rule, parents, tree } = facts
  return isInPlace(facts) || (parents.length === 2 && rule?.parent === parents[0] && rule?.tree === tree)
}

/** The commit with its clock, which is always later than those of its parents, also where the machines' clocks were wrong. */
function clocked(fact: CommitFacts, known: ReadonlyMap<string, GraphCommit>): GraphCommit {
  const own = fact.clock
  if (own !== undefined && isInPlace(fact)) return { ...fact, since: own.since, at: own.at }
  const since = Math.max(0, ...fact.parents.map((parent) => known.get(parent)?.at ?? 0))
  return { ...fact, since, at: own !== undefined && own.at > since ? own.at : Math.max(fact.committedAt, since + 1) }
}
