/**
 * Which decisions nobody has reported yet. Machines that merge the same two lines decide the same; were each to report it, and the others to merge those reports, machines that pull
 * from each other would never be quiet.
 */
import { readBlobs } from '../git/objects.ts'
import type { Repository } from '../git/repository.ts'
import { waitingFiles } from '../git/waiting.ts'
import type { Decision } from '../model/decision.ts'
import { parseReport } from '../report/parse.ts'
import type { Workspace } from './workspace.ts'

/** Leaves out what the reports say that came between `from` and `head`, or that wait here. */
export async function notYetReported(
  workspace: Workspace,
  decisions: readonly Decision[],
  range: { readonly from: string | undefined; readonly head: string },
): Promise<readonly Decision[]> {
  const { from, head } = range
  if (decisions.length === 0 || from === undefined) return decisions
  const { repository, config } = workspace
  const folder = `${config.exports}/reports`
  const blobs = [...(await addedBlobs(repository, { from, head, folder })), ...(await waitingBlobs(repository))]
  const said = new Set<string>()
  for (const bytes of (await readBlobs(repository, blobs)).values())
    for (const decision of decisionsIn(bytes)) said.add(identityOf(decision))
  return decisions.filter((decision) => !said.has(identityOf(decision)))
}

async function addedBlobs(
  repository: Repository,
  at: { readonly from: string; readonly head: string; readonly folder: string },
): Promise<string[]> {
  const listing = await repository.git(['diff-tree', '-r', '-z', '--no-renames', at.from, at.head, '--', at.folder])
  // ":100644 100644 <old id> <new id> M\0path\0"
  return [...listing.matchAll(/:\d+ 100644 [0-9a-f]+ ([0-9a-f]+) [AM]\0[^\0]*\.json\0/g)].map(
    (match) => match[1] as string,
  )
}

async function waitingBlobs(repository: Repository): Promise<string[]> {
  const waiting = [...(await waitingFiles(repository))]
  return waiting.filter(([file]) => file.endsWith('.json')).map(([, { id }]) => id)
}

/** A report that cannot be read has said nothing. */
function decisionsIn(bytes: Buffer): readonly Decision[] {
  try {
    return parseReport(bytes.toString(), 'report').decisions
  } catch {
    return []
  }
}

/** The same whichever side was ours. */
function identityOf({ collection, key, field, kind, ours, theirs, chosen }: Decision): string {
  const sides = [ours ?? '', theirs ?? ''].toSorted()
  return JSON.stringify([collection, key, field, kind, sides, chosen])
}
