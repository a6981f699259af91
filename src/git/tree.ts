/** Which files a commit, or the index, holds below a folder: path, mode and blob id. Contents are read only where ids differ. */
import type { Repository } from './repository.ts'

export interface TreeEntry {
  /** `100644` for a plain file; anything else (link, executable, submodule) is not an export. */
  readonly mode: string
  readonly id: string
}

/** Path from the repository's root → entry. */
export type TreeFiles = ReadonlyMap<string, TreeEntry>

/** Path → blob id. */
export function blobIds(files: TreeFiles): Map<string, string> {
  return new Map([...files].map(([file, { id }]) => [file, id]))
}

/** All files of a commit (or tree) below `folder`; empty when there is no such folder. */
export async function filesAt(repository: Repository, commit: string, folder: string): Promise<TreeFiles> {
  // -r: down to files; -z: names as they are; --full-tree: from the root, wherever we run
  const listing = await repository.git(['ls-tree', '-r', '-z', '--full-tree', commit, '--', `${folder}/`])
  return parseListing(listing, /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s)
}

/** All files of the index below `folder`. Conflicted entries (stages 1–3) are left out: `conflictedPaths` has them. */
export async function filesInIndex(repository: Repository, folder: string): Promise<TreeFiles> {
  const listing = await repository.git(['ls-files', '--stage', '-z', '--full-name', '--', `:(top,literal)${folder}`])
  return parseListing(listing, /^(\d+) ([0-9a-f]+) 0\t(.*)$/s)
}

/** Paths of the index below `folder` that a merge left with several stages, with the blob of each stage (1 base, 2 ours, 3 theirs). */
export async function conflictedPaths(
  repository: Repository,
  folder: string,
): Promise<Map<string, Map<number, TreeEntry>>> {
  const listing = await repository.git(['ls-files', '--unmerged', '-z', '--full-name', '--', `:(top,literal)${folder}`])
  const paths = new Map<string, Map<number, TreeEntry>>()
  for (const line of listing.split('\0')) {
    const match = /^(\d+) ([0-9a-f]+) ([123])\t(.*)$/s.exec(line)
    if (match === null) continue
    const [, mode = '', id = '', stage, file = ''] = match
    const stages = paths.get(file) ?? new Map<number, TreeEntry>()
    paths.set(file, stages.set(Number(stage), { mode, id }))
  }
  return paths
}

function parseListing(listing: string, pattern: RegExp): TreeFiles {
  const files = new Map<string, TreeEntry>()
  for (const line of listing.split('\0')) {
    const match = pattern.exec(line)
    if (match !== null) files.set(match[3] as string, { mode: match[1] as string, id: match[2] as string })
  }
  return files
}
