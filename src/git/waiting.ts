/**
 * Files that wait to be committed with the next data commit: merge reports. They are kept as git objects under one ref, because `git clean` would delete an untracked file and
 * `git stash -u` would take it away. A copy for people is in the work tree, where info-exclude.ts protects it from both.
 */
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeByWayOf } from '../io/atomic-write.ts'
import { exists } from '../io/exists.ts'
import { blobId, readBlobs, writeBlobs } from './objects/blobs.ts'
import { moveOwnRefs } from './own-refs.ts'
import type { Repository } from './repository.ts'
import { type TreeFiles, blobIds, filesAt } from './objects/tree.ts'
import { storeTree } from './objects/trees.ts'
import { excludeWaiting } from './info-exclude.ts'

const REF = 'refs/tandem/reports'

/** Path from the root → entry, of every waiting file. */
export async function waitingFiles(repository: Repository): Promise<TreeFiles> {
  const [tree] = await repository.objects.read([REF])
  return tree === undefined ? new Map() : filesAt(repository, tree.id, '.')
}

async function waitingIds(repository: Repository): Promise<Map<string, string>> {
  return blobIds(await waitingFiles(repository))
}

/** Adds files to the waiting ones, and puts copies into the work tree. */
export async function addWaiting(repository: Repository, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const ids = await writeBlobs(repository, [...files.values()])
  const all = await waitingIds(repository)
  for (const [i, file] of [...files.keys()].entries()) all.set(file, ids[i] as string)
  await storeWaiting(repository, all)
  for (const [file, bytes] of files) await putCopy(repository, file, bytes)
}

/** Removes files from the waiting ones after a commit has taken them. */
export async function removeWaiting(repository: Repository, done: Iterable<string>): Promise<void> {
  const left = await waitingIds(repository)
  const carried = new Map<string, string>()
  for (const file of done) {
    const id = left.get(file)
    if (id !== undefined) carried.set(file, id)
    left.delete(file)
  }
  if (carried.size > 0) await removeCopies(repository, carried)
  await storeWaiting(repository, left)
}

/** Removes files that shall not be committed from the waiting ones, with their copies. */
export async function dropWaiting(repository: Repository, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const left = await waitingIds(repository)
  for (const file of files.keys()) {
    left.delete(file)
    await rm(path.join(repository.root, file), { force: true })
  }
  await storeWaiting(repository, left)
}

/** Removes untracked copies in other linked work trees: because of them git would refuse the pull that brings the commit there. */
async function removeCopies(repository: Repository, files: ReadonlyMap<string, string>): Promise<void> {
  const listing = await repository.git(['worktree', 'list', '--porcelain'])
  const roots = [...listing.matchAll(/^worktree (.+)$/gm)].map((match) => match[1] as string)
  for (const root of roots) {
    if (path.resolve(root) === repository.root) continue
    const tracked = await repository.git(['-C', root, 'ls-files', '-z', '--', ...files.keys()], { answers: [128] })
    for (const [file, id] of files) {
      const copy = path.join(root, file)
      const bytes = await readFile(copy).catch(() => undefined)
      const isOurs = bytes !== undefined && blobId(bytes, repository.objectFormat) === id
      if (isOurs && !tracked.split('\0').includes(file)) await rm(copy, { force: true })
    }
  }
}

async function storeWaiting(repository: Repository, files: ReadonlyMap<string, string>): Promise<void> {
  await excludeWaiting(repository, [...files.keys()])
  if (files.size === 0) {
    const [tree] = await repository.objects.read([REF])
    if (tree !== undefined) await moveOwnRefs(repository, [`delete ${REF}`])
    return
  }
  await moveOwnRefs(repository, [`update ${REF} ${await storeTree(repository, undefined, files)}`])
}

/** Puts back copies that are missing in the work tree, for example after `git clean -fdx`. */
export async function restoreWaitingCopies(repository: Repository): Promise<void> {
  for (const [file, { id }] of await waitingFiles(repository)) {
    if (await exists(path.join(repository.root, file))) continue
    await putCopy(repository, file, (await readBlobs(repository, [id])).get(id) as Buffer)
  }
}

async function putCopy(repository: Repository, file: string, bytes: Buffer): Promise<void> {
  await writeByWayOf(path.join(repository.commonDir, 'tandem'), path.join(repository.root, file), { content: bytes })
}
