/** Whether a record that was written and deleted on both sides is there: a write that no delete had seen keeps it. */
import { eventsIn, type LocatedEvent, type Rule, type Sides } from './rule.ts'

export interface Presence {
  /** The commits that merge. */
  readonly commits: Sides<string>
  readonly events: Sides<readonly LocatedEvent[]>
  /** Both sides hold the record. */
  readonly isOnBoth: boolean
}

/** False when every write of the record is covered by a delete that had seen it. */
export function isAlive(rule: Rule, { commits, events, isOnBoth }: Presence): boolean {
  if (hasUncovered(rule, events.ours) || hasUncovered(rule, events.theirs)) return true
  if (!isOnBoth) return false
  const deletes = [events.ours, events.theirs].map((side) => side.filter(isDelete))
  if (deletes.some((side) => side.length === 0)) return true
  // both sides deleted and hold it all the same: a write of the common past decides, if no delete of either side had seen it
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

/** True when some write is in the past of no delete among the events. */
function hasUncovered(rule: Rule, events: readonly LocatedEvent[]): boolean {
  const deletes = events.filter(isDelete)
  return events.some(
    (event) => !isDelete(event) && !deletes.some(({ commit }) => rule.history.isAncestor(event.commit, commit)),
  )
}
