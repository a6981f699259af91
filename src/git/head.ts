/** Where HEAD is, and what git is in the middle of. Hooks decide by this; state files only say whether a commit may be made. */
import { access } from 'node:fs/promises'
import path from 'node:path'
import type { Repository } from './repository.ts'

export interface Head {
  /** undefined: no commit yet. */
  readonly commit: string | undefined
  /** Short name of the branch HEAD is attached to; undefined: detached. */
  readonly branch: string | undefined
}

export async function readHead(repository: Repository): Promise<Head> {
  const commit = await repository.git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { answers: [1] })
  const branch = await repository.git(['symbolic-ref', '--quiet', '--short', 'HEAD'], { answers: [1] })
  return { commit: commit || undefined, branch: branch || undefined }
}

/**
 * What a commit made now would disturb; undefined when nothing. A merge counts as in progress only while MERGE_HEAD is not yet part of HEAD's history
 * (git still has the file in post-merge of every true merge).
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

/** True while a merge waits for its commit. */
export async function mergeInProgress(repository: Repository): Promise<boolean> {
  if (!(await exists(path.join(repository.gitDir, 'MERGE_HEAD')))) return false
  // as in `git merge-base --is-ancestor`: 0 ancestor (the merge commit exists already), 1 not
  const merged = await repository.git(['rev-list', '--max-count=1', 'MERGE_HEAD', '--not', 'HEAD'], { answers: [128] })
  return merged !== ''
}

export async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}
