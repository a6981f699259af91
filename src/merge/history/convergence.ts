/**
 * The merge rule over history (docs/convergence.md). Each field of a record has the value of the write with the greatest stamp. The record is present when some write of it
 * was not known to any delete. What a merge commit should hold is computed and not taken from its file. All of this depends on the commits alone, so every machine gets the same
 * result, in whatever order it merges.
 */
import type { Side, Sides } from '../../model/side.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { HistoryCommit, RecordHistory } from '../../model/history.ts'
import { once } from '../../model/once.ts'
import type { MergeRules } from '../../model/rules.ts'
import { withoutCopiedEvents } from './copies.ts'
import { mergeFields } from '../values/fields.ts'
import { type RecordOrigin, lineagesOf, originOf } from './lineage.ts'
import { type MergedParent, isInherited, stateOfMerge, stateOnPending } from './pending.ts'
import { isAlive } from './presence.ts'
import { type LocatedEvent, type Rule, eventsIn } from './rule.ts'
import {
  type RecordEvent,
  type RecordOutcome,
  type RecordSide,
  type SidesInput,
  mergeSides,
  writesOf,
} from './sides.ts'
import { sameContent } from '../versions.ts'

/** The merge rule for one record. `id`, `ours` and `theirs` are commit ids. */
export interface Convergence {
  /** The record at a commit as the rule gives it; undefined when it is absent. The committed file may differ from it. */
  state(id: string): RecordText | undefined
  /** What the commit wrote; undefined when it wrote nothing to the record. */
  event(id: string): RecordEvent | undefined
  /** The record at a commit as it was when it was added, who added it and where; undefined when it is absent. */
  origin(id: string): RecordOrigin | undefined
  /** The merge of two commits. Swapping them gives the same record. */
  merge(ours: string, theirs: string): RecordOutcome
}

/**
 * The merge rule for one record with this history.
 * @param key only passed on into decisions
 * @throws SyntaxError, from its functions, when a text of the record is no JSON object
 */
export function convergence(history: RecordHistory, rules: MergeRules, key: KeyText = ''): Convergence {
  const merges = once((pair: string) => {
    const [ours, theirs] = pair.split(' ') as [string, string]
    return mergeCommits(rule, ours, theirs)
  })
  const states = new Map<string, RecordText | undefined>()
  const rule: Rule = {
    key,
    rules,
    history,
    state: (id) => stateAt(rule, states, id),
    expected: once((id: string) => expectedAt(rule, id)),
    event: once((id: string) => eventAt(rule, id)),
    undeleted: once((id: string) => undeletedAt(rule, id)),
    merge: (ours, theirs) => merges(`${ours} ${theirs}`),
  }
  return { ...rule, origin: (id) => originOf(rule, id) }
}

/** A line of commits with one parent each is computed in a loop, from the nearest commit with a known state on: it may be too long for recursion. */
function stateAt(rule: Rule, states: Map<string, RecordText | undefined>, id: string): RecordText | undefined {
  const line: HistoryCommit[] = []
  for (let at: string | undefined = id; at !== undefined && !states.has(at);) {
    const commit = rule.history.commit(at)
    line.push(commit)
    at = commit.parents.length === 1 && !rule.history.isSettled(at) ? commit.parents[0] : undefined
  }
  for (const commit of line.toReversed()) states.set(commit.id, computeState(rule, commit))
  return states.get(id)
}

function computeState(rule: Rule, commit: HistoryCommit): RecordText | undefined {
  const { history, rules } = rule
  const content = history.content(commit.id)
  const [parent, other] = commit.parents
  if (parent === undefined || history.isSettled(commit.id)) return content
  if (other !== undefined) return computeMerged(rule, commit, content)
  const [before, state] = [history.content(parent), rule.state(parent)]
  if (commit.accepts || before === state) return content
  const former = state === undefined ? rule.undeleted(parent) : undefined
  return stateOnPending({ before, state, former, content }, rules)
}

function computeMerged(
  rule: Rule,
  { id, parents }: HistoryCommit,
  content: RecordText | undefined,
): RecordText | undefined {
  const { rules } = rule
  const expected = rule.expected(id)
  const [p, q, more] = parents as readonly [string, string, string?]
  if (more !== undefined || sameContent(content, expected, rules)) return content
  const former = expected === undefined ? undeletedByMerge(rule, p, q) : undefined
  return stateOfMerge({ content, expected, former, parents: mergedParents(rule, p, q) }, rules)
}

function mergedParents(rule: Rule, p: string, q: string): readonly [MergedParent, MergedParent] {
  const side = (x: string, y: string): MergedParent => ({
    content: rule.history.content(x),
    state: rule.state(x),
    events: eventsIn(rule, [x], [y]),
  })
  return [side(p, q), side(q, p)]
}

function expectedAt(rule: Rule, id: string): RecordText | undefined {
  const [p, q, more] = rule.history.commit(id).parents
  if (p === undefined) return undefined
  if (q === undefined || more !== undefined) return rule.state(p)
  const outcome = rule.merge(p, q)
  return outcome.kind === 'merged' ? outcome.text : outcome.kept
}

function eventAt(rule: Rule, id: string): LocatedEvent | undefined {
  const commit = rule.history.commit(id)
  // a merge made by the tool wrote nothing; to verify that would compute every merge before it as well
  if (commit.parents.length > 1 && rule.history.isSettled(id)) return undefined
  const [before, after] = [rule.expected(id), rule.state(id)]
  if (sameContent(before, after, rule.rules)) return undefined
  const former = before === undefined ? undeletedOfParents(rule, commit) : undefined
  const writer = { asset: commit.asset, since: commit.since, at: commit.at }
  const isRevived = former !== undefined && isTakenFromFile(rule, commit)
  const { exportId, quoted } = commit
  return { commit: id, before, after, former, isRevived, writer, exportId, quoted }
}

/** True when the record had been deleted but a parent's file still had it, and the commit took it over from that file instead of adding it. */
function isTakenFromFile(rule: Rule, { id, parents, accepts }: HistoryCommit): boolean {
  const { history } = rule
  const [p, q] = parents
  if (p === undefined || accepts || history.isSettled(id)) return false
  if (q === undefined) return history.content(p) !== undefined
  return mergedParents(rule, p, q).some((parent) => isInherited(parent, history.content(id)))
}

function undeletedAt(rule: Rule, id: string): RecordText | undefined {
  return rule.state(id) ?? rule.event(id)?.before ?? undeletedOfParents(rule, rule.history.commit(id))
}

function undeletedOfParents(rule: Rule, { parents }: HistoryCommit): RecordText | undefined {
  const [p, q] = parents
  if (p === undefined) return undefined
  return q === undefined ? rule.undeleted(p) : undeletedByMerge(rule, p, q)
}

/** The fields of two lines merged as if neither had deleted the record. */
function undeletedByMerge(rule: Rule, p: string, q: string): RecordText | undefined {
  const [ours, theirs] = [rule.undeleted(p), rule.undeleted(q)]
  if (ours === undefined || theirs === undefined) return ours ?? theirs
  const writes = writesOf({ ours: eventsIn(rule, [p], [q]), theirs: eventsIn(rule, [q], [p]) }, rule.rules)
  return mergeFields({ base: undefined, ours, theirs, writes, others: [] }, rule.rules).text
}

function mergeCommits(rule: Rule, ours: string, theirs: string): RecordOutcome {
  const { history } = rule
  if (history.isAncestor(ours, theirs)) return { kind: 'merged', text: rule.state(theirs), decisions: [] }
  if (history.isAncestor(theirs, ours)) return { kind: 'merged', text: rule.state(ours), decisions: [] }
  return mergeSides(sidesOf(rule, { ours, theirs }))
}

function sidesOf(rule: Rule, commits: Sides<string>): SidesInput {
  const { rules, key } = rule
  const { ours, theirs } = commits
  const all = { ours: newEvents(rule, ours, theirs), theirs: newEvents(rule, theirs, ours) }
  const { events, added } = lineagesOf(rule, { commits, events: withoutCopiedEvents(all, rules) })
  const isContested = events.ours.length > 0 && events.theirs.length > 0
  const side = (name: Side): RecordSide => {
    const text = rule.state(commits[name])
    const former = isContested && text === undefined ? rule.undeleted(commits[name]) : undefined
    return { text, former, events: events[name] }
  }
  const sides = { ours: side('ours'), theirs: side('theirs') }
  const isOnBoth = sides.ours.text !== undefined && sides.theirs.text !== undefined
  const base = isContested ? baseOf(rule, commits) : undefined
  return { key, rules, base, sides, isAlive: !isContested || isAlive(rule, { commits, events, isOnBoth }), added }
}

/** What `of` wrote and `known` does not know: neither has the commit in its history nor a copy of it that left the record alike. */
function newEvents(rule: Rule, of: string, known: string): LocatedEvent[] {
  const copies = rule.history.copies(of, known)
  const isKnown = ({ commit, after }: LocatedEvent): boolean =>
    copies.get(commit)?.some((id) => {
      const other = rule.event(id)
      return other !== undefined && sameContent(other.after, after, rule.rules)
    }) === true
  return eventsIn(rule, [of], [known]).filter((event) => !isKnown(event))
}

/** The record at the first merge base. Only reports use it. */
function baseOf(rule: Rule, { ours, theirs }: Sides<string>): RecordText | undefined {
  const [base] = rule.history.bases(ours, theirs)
  return base === undefined ? undefined : rule.state(base)
}
