/** The merge driver for `collection.json`, the structure of a collection: one side's is taken whole, or a person decides. */
import { blobId } from '../../git/objects/blobs.ts'
import type { Repository } from '../../git/repository.ts'
import type { Sides } from '../../model/side.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { CommitsThatMerge } from './commits.ts'

/**
 * The newer structure where git knows no version that both sides had, as after the first data commit was amended: the structure that the other side had once is the older one.
 * undefined where a person has to decide.
 */
export async function newerStructure(
  { repository }: Workspace,
  { head, incoming }: CommitsThatMerge,
  { path, ours, theirs }: Sides<string> & { readonly path: string },
): Promise<string | undefined> {
  if (ours === theirs) return ours
  if (head === undefined || incoming === undefined) return undefined
  const isOursNewer = await everHad(repository, head, { path, text: theirs })
  const isTheirsNewer = await everHad(repository, incoming, { path, text: ours })
  if (isOursNewer === isTheirsNewer) return undefined
  return isOursNewer ? ours : theirs
}

/** True when the file had this text at some commit in the history of `commit`. */
async function everHad(
  repository: Repository,
  commit: string,
  { path, text }: { readonly path: string; readonly text: string },
): Promise<boolean> {
  const place = ['--', `:(top,literal)${path}`]
  const changes = await repository.git(['log', '--format=', '--raw', '--no-abbrev', commit, ...place])
  return changes.includes(blobId(Buffer.from(text), repository.objectFormat))
}
