/** Which changes that a merge had dropped a data commit accepts: it names them in `Tandem-Accept`. */
import type { CommitGraph } from '../git/history/graph.ts'
import { recordsToAccept } from '../history/accepted.ts'
import type { PlannedSource } from './plan-export.ts'

/** Records that a merge had dropped and that live holds, or lacks, as the merge left them: the commit says that this is meant. */
export async function acceptedBy(
  planned: readonly PlannedSource[],
  { graph, parent }: { readonly graph: CommitGraph; readonly parent: string },
): Promise<string[]> {
  const accepted: string[] = []
  for (const { source, plan } of planned)
    for (const { name, records } of plan.collections) {
      const { repository, exportsFolder } = source
      const place = { repository, exportsFolder, source: source.source, collection: name, folder: source.folder(name) }
      accepted.push(...(await recordsToAccept({ place, graph, rules: source.rules(name), parent, records })))
    }
  return accepted
}
