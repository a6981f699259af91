/**
 * Accepted drops: a merge dropped something of a record, and that stays dropped on purpose. Finds the records that a data commit has to name as accepted (trailer
 * `Tandem-Accept`), and the changes that a person accepts at an apply with `--accept-merge`.
 */
import { type CommitGraph, unrecorded } from '../git/history/graph.ts'
import { recordName } from '../git/history/trailers.ts'
import { complete } from '../git/history/lazily.ts'
import { convergence } from '../merge/history/convergence.ts'
import { sameContent } from '../merge/versions.ts'
import { type KeyText, type RecordText, compareBytes } from '../model/canonical.ts'
import type { Records } from '../model/records.ts'
import type { MergeRules } from '../model/rules.ts'
import { type HistoryPlace, openCollectionHistory } from './collection-history.ts'
import { doubtsBefore } from './doubts.ts'

export interface AcceptedQuestion {
  readonly place: Omit<HistoryPlace, 'live' | 'graph'>
  readonly graph: CommitGraph
  readonly rules: MergeRules
  /** The parent of the data commit. */
  readonly parent: string
  /** The records that the data commit will have. */
  readonly records: () => Promise<Records>
}

/**
 * The names (`recordName`) of the records that a data commit on `parent` must name as accepted, so that the rule takes them as its files have them. Nearly always empty: only
 * records that a merge before it dropped are looked at.
 */
export async function recordsToAccept(question: AcceptedQuestion): Promise<string[]> {
  const { place, graph, rules, parent } = question
  const before = openCollectionHistory({ ...place, graph })
  const doubts = await doubtsBefore(before, [parent])
  if (doubts.size === 0) return []
  const id = `next:${parent}`
  graph.add(unrecorded({ id, parents: [parent], committedAt: 0, asset: '' }))
  const live = { id, records: await question.records(), isMeant: false }
  const history = openCollectionHistory({ ...place, graph, live })
  const keys = [...new Set([...doubts.values()].flatMap((found) => [...found]))].sort(compareBytes)
  const accepted: string[] = []
  for (const key of keys) {
    const state = await complete(() => convergence(history.of(key), rules, key).state(id))
    if (!sameContent(state, live.records.get(key), rules))
      accepted.push(recordName(place.source, place.collection, key))
  }
  return accepted
}

/** Those of these records that a merge commit's files (`content`) have otherwise than the rule (`state`), as the files have them; undefined: deleted. A person who accepts the merge takes them over. */
export function takenOver(
  keys: Iterable<KeyText>,
  at: {
    readonly content: (key: KeyText) => RecordText | undefined
    readonly state: (key: KeyText) => RecordText | undefined
  },
): Map<KeyText, RecordText | undefined> {
  const taken = new Map<KeyText, RecordText | undefined>()
  for (const key of keys) if (at.content(key) !== at.state(key)) taken.set(key, at.content(key))
  return taken
}
