/**
 * Files that wait to travel with the next data commit (merge reports). They are kept as git objects under one ref, because an untracked file dies by `git clean`
 * or hides in `git stash -u`; a copy in the work tree is there for people, where neither of the two sees it.
 */
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeByWayOf } from '../io/atomic-write.ts'
import { exists } from './head.ts'
import { blobId, writeBlobs } from './objects.ts'
import type { Repository } from './repository.ts'
import { blobIds, filesAt, type TreeFiles } from './tree.ts'
import { excludeWaiting } from './waiting-exclude.ts'

const REF = 'refs/tandem/reports'

/** Path from the root → entry, of every waiting file. */
export async function waitingFiles(repository: Repository): Promise<TreeFiles> {
  const tree = await repository.git(['rev-parse', '--verify', '--quiet', REF], { answers: [1] })
  return tree === '' ? new Map() : filesAt(repository, tree, '.')
}

async function waitingIds(repository: Repository): Promise<Map<string, string>> {
  return blobIds(await waitingFiles(repository))
}

/** Adds files, and puts copies into the work tree. */
export async function addWaiting(repository: Repository, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const ids = await writeBlobs(repository, [...files.values()])
  const all = await waitingIds(repository)
  for (const [i, file] of [...files.keys()].entries()) all.set(file, ids[i] as string)
  await storeWaiting(repository, all)
  for (const [file, bytes] of files) await putCopy(repository, file, bytes)
}

/** Takes files off the list, once a commit holds them. */
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

/** Takes files off the list that are not to be kept, and their copies away. */
export async function dropWaiting(repository: Repository, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const left = await waitingIds(repository)
  for (const file of files.keys()) {
    left.delete(file)
    await rm(path.join(repository.root, file), { force: true })
  }
  await storeWaiting(repository, left)
}

/** Linked work trees have copies of their own, untracked: git would refuse the pull that brings the commit there. */
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
    await repository.git(['update-ref', '-d', REF])
    return
  }
  const index = path.join(repository.commonDir, 'tandem', `waiting-${process.pid}`)
  const environment = { GIT_INDEX_FILE: index }
  try {
    const input = [...files].map(([file, id]) => `100644 ${id}\t${file}\0`).join('')
    await repository.git(['update-index', '-z', '--index-info'], { input, environment })
    await repository.git(['update-ref', REF, await repository.git(['write-tree'], { environment })])
  } finally {
    await rm(index, { force: true })
  }
}

/** Puts back copies that are missing in the work tree (`git clean -fd` took them). */
export async function restoreWaitingCopies(repository: Repository): Promise<void> {
  for (const [file, { id }] of await waitingFiles(repository)) {
    if (await exists(path.join(repository.root, file))) continue
    await putCopy(repository, file, await repository.bytes(['cat-file', 'blob', id]))
  }
}

async function putCopy(repository: Repository, file: string, bytes: Buffer): Promise<void> {
  await writeByWayOf(path.join(repository.commonDir, 'tandem'), path.join(repository.root, file), { content: bytes })
}
