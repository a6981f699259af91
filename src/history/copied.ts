/** Copies of commits (amended, rebased, picked) between two lines of history, found once a run: every collection and every record asks for the same ones. */
import type { CommitGraph } from '../git/history/graph.ts'
import { copiesOf } from '../merge/history/copies.ts'
import type { RecordHistory } from '../model/history.ts'
import { once } from '../model/once.ts'

const known = new WeakMap<CommitGraph, RecordHistory['copies']>()

/** `RecordHistory.copies` over a graph. Has to be called inside `complete`. */
export function copiesIn(graph: CommitGraph): RecordHistory['copies'] {
  const found = known.get(graph)
  if (found !== undefined) return found
  const pairs = once((pair: string) => {
    const [of = '', other = ''] = pair.split(' ')
    return copiesOf(graph, of, other)
  })
  const copies: RecordHistory['copies'] = (of, other) => pairs(`${of} ${other}`)
  known.set(graph, copies)
  return copies
}
