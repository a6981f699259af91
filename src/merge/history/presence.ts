/** Whether a record that was written or deleted on both sides is present after the merge: it is when some write was in the history of no delete. */
import type { Sides } from '../../model/side.ts'
import { type LocatedEvent, type Rule, eventsIn } from './rule.ts'

/** The two commits that are merged, and the events of each side since their common past. */
export interface Presence {
  readonly commits: Sides<string>
  readonly events: Sides<readonly LocatedEvent[]>
  /** True when the record is present on both sides. */
  readonly isOnBoth: boolean
}

/** True when the record is present after the merge; false when every write of it is in the history of some delete. */
export function isAlive(rule: Rule, { commits, events, isOnBoth }: Presence): boolean {
  if (hasUncovered(rule, events.ours) || hasUncovered(rule, events.theirs)) return true
  if (!isOnBoth) return false
  const deletes = [events.ours, events.theirs].map((side) => side.filter(isDelete))
  if (deletes.some((side) => side.length === 0)) return true
  // both sides deleted it and later had it again: a write in the common past keeps it, if it is in the history of no delete
  const unseen = eventsIn(
    rule,
    rule.history.bases(commits.ours, commits.theirs),
    deletes.flat().map(({ commit }) => commit),
  )
  return hasUncovered(rule, unseen)
}

function isDelete({ after }: LocatedEvent): boolean {
  return after === undefined
}

/** True when some write among the events is in the history of no delete among them. */
function hasUncovered(rule: Rule, events: readonly LocatedEvent[]): boolean {
  const deletes = events.filter(isDelete)
  return events.some(
    (event) => !isDelete(event) && !deletes.some(({ commit }) => rule.history.isAncestor(event.commit, commit)),
  )
}
