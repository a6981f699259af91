/** Drops of merges that are meant: which records an export leaves as the merge had them, so that its commit has to say so, and which ones a person takes over at an apply. */
import { unrecorded, type CommitGraph } from '../../git/graph.ts'
import { recordName } from '../../git/history.ts'
import { complete } from '../../git/lazily.ts'
import { convergence } from '../../merge/convergence.ts'
import { sameContent } from '../../merge/versions.ts'
import { compareBytes, type KeyText, type RecordText } from '../../model/canonical.ts'
import type { MergeRules } from '../../model/rules.ts'
import type { Records } from '../live.ts'
import { openCollectionHistory, type HistoryPlace } from './collection-history.ts'
import { doubtsBefore } from './doubts.ts'

export interface AcceptedQuestion {
  readonly place: Omit<HistoryPlace, 'live' | 'graph'>
  readonly graph: CommitGraph
  readonly rules: MergeRules
  /** The commit that the export stands on. */
  readonly parent: string
  /** What it will say. */
  readonly records: Records
}

/** Names of the records that a commit on `parent` must accept, so that its state is what it says. Empty nearly always: only a merge that dropped something asks. */
export async function recordsToAccept(question: AcceptedQuestion): Promise<string[]> {
  const { place, graph, rules, parent } = question
  const before = openCollectionHistory({ ...place, graph })
  const doubts = await doubtsBefore(before, [parent])
  if (doubts.size === 0) return []
  const id = `next:${parent}`
  graph.add(unrecorded({ id, parents: [parent], committedAt: 0, asset: '' }))
  const live = { id, records: question.records, isMeant: false }
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

/** What a merge left of the records it dropped, where the rule holds something else: what a person takes over by accepting the merge. */
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
