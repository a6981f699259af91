/** Compares the files of two commits by their blob ids alone. */
import type { Repository } from '../repository.ts'

/** The blob ids of a file that differs; undefined where one of the commits has no plain file there. */
export interface BlobChange {
  readonly before: string | undefined
  readonly after: string | undefined
}

/** The files below `folder` that differ between two commits: path from the root → change. @throws GitError when there is no such commit */
export async function changedBlobs(
  repository: Repository,
  [before, after]: readonly [before: string, after: string],
  folder: string,
): Promise<Map<string, BlobChange>> {
  const args = ['diff-tree', '-r', '-z', '--no-renames', before, after, '--', `:(top,literal)${folder}`]
  // for each file two parts: `:<mode> <mode> <id> <id> <letter>` and the path (git-diff-tree(1), raw output format)
  const parts = (await repository.git(args)).split('\0')
  const changes = new Map<string, BlobChange>()
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [oldMode, newMode, oldId, newId] = (parts[i] ?? '').slice(1).split(' ')
    const plain = (mode: string | undefined, id: string | undefined): string | undefined =>
      mode === '100644' ? id : undefined
    changes.set(parts[i + 1] as string, { before: plain(oldMode, oldId), after: plain(newMode, newId) })
  }
  return changes
}
