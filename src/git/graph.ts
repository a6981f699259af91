/** The commits of a repository as a graph with clocks: who is whose ancestor, what lies between two commits. Read in chunks as far back as somebody asks, kept for one run. */
import { TandemError } from '../model/errors.ts'
import { commitsOf, type CommitFacts } from './history.ts'
import { NotRead } from './lazily.ts'
import { paintBases, paintRegion } from './paint.ts'
import type { Repository } from './repository.ts'

/** A commit with its clock in milliseconds: `since` is the greatest clock among its parents, `at` its own, and since < at. */
export interface GraphCommit extends CommitFacts {
  readonly since: number
  readonly at: number
}

/** Look-ups throw NotRead where more has to be read first: ask them inside `complete`. */
export interface CommitGraph {
  commit(id: string): GraphCommit
  /** Commits in the history of `of`, themselves included, and in no history of `without`. */
  region(of: readonly string[], without: readonly string[]): readonly string[]
  isAncestor(ancestor: string, id: string): boolean
  bases(a: string, b: string): readonly string[]
  /** Lays a commit over the graph that git does not have: what a live database holds on top of its sync point. */
  add(commit: CommitFacts): void
}

/** Commits read at first; each further read takes eight times as many. */
const FIRST_READ = 256

/** A commit that git does not have, to be laid over the graph: no files of its own, no trailers. */
export function unrecorded(
  commit: Pick<CommitFacts, 'id' | 'parents' | 'committedAt'> & { readonly asset: string },
): CommitFacts {
  const none = { tree: '', exportId: undefined, clock: undefined, rule: undefined, held: [], accepted: [], quoted: [] }
  return { ...none, ...commit, author: commit.asset }
}

export function openGraph(repository: Repository): CommitGraph {
  const facts = new Map<string, CommitFacts>()
  const commits = new Map<string, GraphCommit>()
  const answers = new Map<string, unknown>()
  let amount = FIRST_READ
  const read = async (id: string): Promise<void> => {
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

/** Clocks are made from the parents' up, without recursion: a history may be long. A data commit that stands where it was made says its clock itself. */
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

/** True for a data commit on the very parent that it names: no rebase or cherry-pick moved it. */
function isInPlace({ rule, clock, parents }: CommitFacts): boolean {
  return rule !== undefined && clock !== undefined && parents.length === 1 && rule.parent === parents[0]
}

/** True for a commit whose files are known to be what the rule gives: a data commit in place, or a merge that the tool made of these very parents. */
export function isByRule(facts: CommitFacts): boolean {
  const { rule, parents, tree } = facts
  return isInPlace(facts) || (parents.length === 2 && rule?.parent === parents[0] && rule?.tree === tree)
}

/** Every commit ticks: later than its parents, whatever the machines' clocks say. */
function clocked(fact: CommitFacts, known: ReadonlyMap<string, GraphCommit>): GraphCommit {
  const own = fact.clock
  if (own !== undefined && isInPlace(fact)) return { ...fact, since: own.since, at: own.at }
  const since = Math.max(0, ...fact.parents.map((parent) => known.get(parent)?.at ?? 0))
  return { ...fact, since, at: own !== undefined && own.at > since ? own.at : Math.max(fact.committedAt, since + 1) }
}
