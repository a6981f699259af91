/** Where records came from, when their keys alone do not tell which they are. */
import type { CommitGraph } from '../../git/graph.ts'
import { complete } from '../../git/lazily.ts'
import { convergence } from '../../merge/convergence.ts'
import type { Added } from '../../merge/sides.ts'
import type { KeyText } from '../../model/canonical.ts'
import { once } from '../../model/once.ts'
import { openCollectionHistory } from './collection-history.ts'
import type { MergePlace } from './commit-merge.ts'

/** Answers, for the record that a commit holds under a key, what it was when it was added, and by whom; undefined where there is none. */
export type Origins = (commit: string, key: KeyText) => Promise<Added | undefined>

/** The origins of each collection, whose history is read once however often they are asked. */
export function openOrigins(place: MergePlace, graph: CommitGraph): (name: string) => Origins {
  return once((name) => {
    const history = openCollectionHistory({ ...place, collection: name, folder: place.folder(name), graph })
    const ruleOf = once((key: KeyText) => convergence(history.of(key), place.rules(name), key))
    return (commit, key) => complete(() => ruleOf(key).origin(commit))
  })
}
