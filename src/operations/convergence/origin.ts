/** Where a record came from, when its key alone does not tell which it is. */
import { openGraph } from '../../git/graph.ts'
import { complete } from '../../git/lazily.ts'
import { convergence } from '../../merge/convergence.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import { openCollectionHistory } from './collection-history.ts'
import type { MergePlace } from './commit-merge.ts'

/** The record that a commit holds under a key, as it was when it was added; undefined when there is none. */
export async function originAt(
  place: MergePlace,
  name: string,
  { commit, key }: { readonly commit: string; readonly key: KeyText },
): Promise<RecordText | undefined> {
  const graph = openGraph(place.repository)
  const history = openCollectionHistory({ ...place, collection: name, folder: place.folder(name), graph })
  return complete(() => convergence(history.of(key), place.rules(name), key).origin(commit))
}
