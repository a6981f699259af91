/** Changes below the exports that the tool did not make: staged by `merge --squash`, `cherry-pick -n` or a checkout of single files, popped from a stash, edited by hand. No export may overwrite one unread. */
import { lstat, readFile } from 'node:fs/promises'
import path from 'node:path'
import { blobId, readBlobs } from '../git/objects/blobs.ts'
import { conflictedPaths, filesInIndex } from '../git/objects/tree.ts'
import { GuardError } from '../model/errors.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { ownStaged, stagedExports } from './staged.ts'

/** Path from the root → bytes, as somebody left them: the work tree's where they differ from the index's. Files that are gone say nothing. */
export type ForeignFiles = ReadonlyMap<string, Buffer>

/** The foreign changes in the exports of one source, against HEAD. @throws GuardError when git left some of them in conflict */
export async function foreignFiles(workspace: Workspace, head: string, source: string): Promise<ForeignFiles> {
  const { repository, config } = workspace
  const folder = `${config.exports}/${source}`
  // one question that tells of nothing, staged, in conflict or changed, where two more would have to be asked
  const differing = await repository.git(['diff-index', '--name-only', head, '--', `:(top,literal)${folder}`])
  if (differing === '') return new Map()
  const [conflict] = (await conflictedPaths(repository, folder)).keys()
  if (conflict !== undefined)
    throw new GuardError(`${conflict} is in conflict`, { hint: 'Run: tandem resolve, then commit' })
  const staged = (await stagedExports(workspace, head)).foreign.filter((file) => file.startsWith(`${folder}/`))
  const index = await filesInIndex(repository, folder)
  const blobs = await readBlobs(
    repository,
    staged.flatMap((file) => index.get(file)?.id ?? []),
  )
  const found = new Map<string, Buffer>()
  for (const file of staged) {
    const bytes = blobs.get(index.get(file)?.id ?? '')
    if (bytes !== undefined) found.set(file, bytes)
  }
  for (const [file, bytes] of await changedInWorkTree(workspace, folder)) found.set(file, bytes)
  return found
}

/** Files whose bytes in the work tree are neither the index's nor what the tool staged. */
async function changedInWorkTree(workspace: Workspace, folder: string): Promise<ForeignFiles> {
  const { repository } = workspace
  const listing = await repository.git(['diff-files', '-z', '--name-only', '--', `:(top,literal)${folder}`])
  const paths = listing.split('\0').filter(Boolean)
  const found = new Map<string, Buffer>()
  if (paths.length === 0) return found
  const index = await filesInIndex(repository, folder)
  const own = await ownStaged(workspace)
  for (const file of paths) {
    const bytes = await plainFile(path.join(repository.root, file))
    if (bytes === undefined) continue
    const id = blobId(bytes, repository.objectFormat)
    if (id !== index.get(file)?.id && id !== own.get(file)) found.set(file, bytes)
  }
  return found
}

/** The bytes of a regular file; links are not followed. */
async function plainFile(file: string): Promise<Buffer | undefined> {
  const entry = await lstat(file).catch(() => undefined)
  return entry?.isFile() === true ? readFile(file) : undefined
}

/** @throws GuardError when an export of these files would overwrite what somebody else staged or changed */
export async function refuseForeign(
  workspace: Workspace,
  at: { readonly head: string; readonly files: Iterable<string>; readonly sources: readonly string[] },
): Promise<void> {
  const wanted = new Set(at.files)
  const foreign: string[] = []
  for (const source of at.sources)
    for (const file of (await foreignFiles(workspace, at.head, source)).keys()) if (wanted.has(file)) foreign.push(file)
  if (foreign.length === 0) return
  const all = foreign.length > 3 ? `${foreign.slice(0, 3).join(', ')} …` : foreign.join(', ')
  throw new GuardError(`exports hold changes that tandem did not make: ${all}`, {
    hint: 'Commit them; or let the database take them: tandem export --commit; or drop them: git restore --staged --worktree -- exports',
  })
}
