/** Where HEAD is, and which operation git has begun and not ended. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { exists } from '../io/exists.ts'
import { commitNamed } from './history/commits.ts'
import type { Repository } from './repository.ts'

/** The commit and branch of HEAD. */
export interface Head {
  /** The full id; undefined when there is no commit yet. */
  readonly commit: string | undefined
  /** Short name of the branch; undefined when HEAD is detached. */
  readonly branch: string | undefined
}

/** Reads where HEAD is. */
export async function readHead(repository: Repository): Promise<Head> {
  const commit = await commitNamed(repository, 'HEAD')
  return { commit, branch: await currentBranch(repository) }
}

/** HEAD is a file that says `ref: refs/heads/<branch>`, except in other ref storages (reftable), which git is asked for. */
async function currentBranch(repository: Repository): Promise<string | undefined> {
  const text = await readFile(path.join(repository.gitDir, 'HEAD'), 'utf8').catch(() => '')
  const branch = /^ref: refs\/heads\/(.+)\n?$/.exec(text)?.[1]
  if (branch !== undefined && branch !== '.invalid') return branch
  return (await repository.git(['symbolic-ref', '--quiet', '--short', 'HEAD'], { answers: [1] })) || undefined
}

/**
 * The operation that a commit made now would disturb, in words (`a rebase`); undefined when there is none. A merge counts as in progress only while MERGE_HEAD is not yet part of
 * HEAD's history, because git still has that file in the post-merge hook.
 */
export async function operationInProgress(repository: Repository): Promise<string | undefined> {
  const files: readonly (readonly [file: string, name: string])[] = [
    ['rebase-merge', 'a rebase'],
    ['rebase-apply', 'a rebase'],
    ['CHERRY_PICK_HEAD', 'a cherry-pick'],
    ['REVERT_HEAD', 'a revert'],
    ['sequencer', 'a cherry-pick or revert'],
  ]
  if (await mergeInProgress(repository)) return 'a merge'
  for (const [file, name] of files) if (await exists(path.join(repository.gitDir, file))) return name
  return undefined
}

/** A commit that git brings into HEAD, and by which operation. */
export interface IncomingCommit {
  readonly id: string
  readonly by: 'merge' | 'rebase' | 'cherry-pick' | 'revert'
}

const INCOMING: readonly (readonly [ref: string, by: IncomingCommit['by']])[] = [
  ['MERGE_HEAD', 'merge'],
  ['REBASE_HEAD', 'rebase'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
]

/** The commit that git is bringing into HEAD by a merge, rebase, cherry-pick or revert; undefined when git does none of these. */
export async function commitBeingMerged(repository: Repository): Promise<IncomingCommit | undefined> {
  for (const [ref, by] of INCOMING) {
    const id = await commitNamed(repository, ref)
    if (id !== undefined) return { id, by }
  }
  return undefined
}

/** True while a merge has begun and its commit is not made yet. */
export async function mergeInProgress(repository: Repository): Promise<boolean> {
  if (!(await exists(path.join(repository.gitDir, 'MERGE_HEAD')))) return false
  // empty when HEAD's history has MERGE_HEAD: the merge commit exists already
  const merged = await repository.git(['rev-list', '--max-count=1', 'MERGE_HEAD', '--not', 'HEAD'], { answers: [128] })
  return merged !== ''
}
