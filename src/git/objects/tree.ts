/** Lists the files of a commit or of the index below a folder, with mode and blob id. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Repository } from '../repository.ts'
import { listFiles } from './trees.ts'

/** A file of a tree or of the index. */
export interface TreeEntry {
  /** `100644` for a plain file; anything else (link, executable, submodule) is not an export. */
  readonly mode: string
  /** The id of its blob. */
  readonly id: string
}

/** Path from the repository's root → entry. */
export type TreeFiles = ReadonlyMap<string, TreeEntry>

/** These files as path → blob id. */
export function blobIds(files: TreeFiles): Map<string, string> {
  return new Map([...files].map(([file, { id }]) => [file, id]))
}

/** All files of a commit (or tree) below `folder`. Empty when there is no such folder. @throws GitError when there is no such commit */
export async function filesAt(repository: Repository, commit: string, folder: string): Promise<TreeFiles> {
  return listFiles(repository, commit, folder)
}

/** All files of the index below `folder`, without those in conflict (stages 1–3), which `conflictedPaths` returns. */
export async function filesInIndex(repository: Repository, folder: string): Promise<TreeFiles> {
  const files = new Map<string, TreeEntry>()
  for (const { file, stage, entry } of await indexBelow(repository, folder)) if (stage === 0) files.set(file, entry)
  return files
}

/** The files below `folder` that are in conflict in the index: path → stage (1 base, 2 ours, 3 theirs) → entry. */
export async function conflictedPaths(
  repository: Repository,
  folder: string,
): Promise<Map<string, Map<number, TreeEntry>>> {
  const paths = new Map<string, Map<number, TreeEntry>>()
  for (const { file, stage, entry } of await indexBelow(repository, folder))
    if (stage > 0) paths.set(file, (paths.get(file) ?? new Map<number, TreeEntry>()).set(stage, entry))
  return paths
}

interface IndexEntry {
  readonly file: string
  readonly stage: number
  readonly entry: TreeEntry
}

/** The last listing of each repository's index, because one push asks for it four times. */
const listed = new WeakMap<
  Repository,
  { readonly state: string; readonly top: string; readonly entries: IndexEntry[] }
>()

async function indexBelow(repository: Repository, folder: string): Promise<IndexEntry[]> {
  const [top = ''] = folder.split('/')
  const state = await indexState(repository)
  let last = listed.get(repository)
  if (last?.state !== state || last.top !== top) {
    const args = ['ls-files', '--stage', '-z', '--full-name', '--', `:(top,literal)${top}`]
    last = { state, top, entries: parseIndex(await repository.git(args)) }
    listed.set(repository, last)
  }
  return last.entries.filter(({ file }) => file === folder || file.startsWith(`${folder}/`))
}

/** A text that changes when the index changes: git never writes into the index file but replaces it. Empty when there is no index. */
async function indexState({ gitDir }: Repository): Promise<string> {
  const file = await stat(path.join(gitDir, 'index'), { bigint: true }).catch(() => undefined)
  return file === undefined ? '' : [file.ino, file.mtimeNs, file.size].join(' ')
}

function parseIndex(listing: string): IndexEntry[] {
  return listing.split('\0').flatMap((line) => {
    const [, mode, id, stage, file] = /^(\d+) ([0-9a-f]+) ([0-3])\t(.*)$/s.exec(line) ?? []
    if (mode === undefined || id === undefined || file === undefined) return []
    return [{ file, stage: Number(stage), entry: { mode, id } }]
  })
}
