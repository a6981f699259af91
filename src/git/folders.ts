/** One folder as many commits hold it: for each, which file is which blob. Listings are shared between commits that hold the same. */
import { NotRead } from './lazily.ts'
import { readTrees } from './objects.ts'
import type { Repository } from './repository.ts'

/** File name → blob id; plain files only. */
export type FolderFiles = ReadonlyMap<string, string>

export interface FolderHistory {
  /** The folder's files at a commit; empty when it has no such folder. Throws NotRead until they are read. */
  files(commit: string): FolderFiles
  /** Reads the folder at many commits at once. */
  read(commits: Iterable<string>): Promise<void>
}

export function openFolder(repository: Repository, folder: string): FolderHistory {
  const trees = new Map<string, string>() // commit → tree of the folder
  const listings = new Map<string, FolderFiles>([['', new Map<string, string>()]])
  const read = async (commits: Iterable<string>): Promise<void> => {
    const missing = [...new Set(commits)].filter((commit) => !trees.has(commit))
    for (const [i, tree] of (await folderTrees(repository, missing, folder)).entries())
      trees.set(missing[i] as string, tree)
    const fresh = [...new Set(missing.map((commit) => trees.get(commit) as string))].filter((id) => !listings.has(id))
    const idBytes = repository.objectFormat === 'sha256' ? 32 : 20
    for (const [id, bytes] of await readTrees(repository, fresh)) listings.set(id, parseTree(bytes, idBytes))
  }
  const files = (commit: string): FolderFiles => {
    const tree = trees.get(commit)
    if (tree === undefined) throw new NotRead(`${folder} at ${commit}`, () => read([commit]))
    return listings.get(tree) as FolderFiles
  }
  return { files, read }
}

/** The tree of the folder at each commit; an empty text where there is none. */
async function folderTrees(repository: Repository, commits: readonly string[], folder: string): Promise<string[]> {
  if (commits.length === 0) return []
  const input = commits.map((commit) => `${commit}:${folder}\n`).join('')
  const answer = await repository.git(['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input })
  return answer.split('\n').map((line) => /^([0-9a-f]+) tree$/.exec(line)?.[1] ?? '')
}

/** A tree object: `mode name\0` and the id's bytes, entry after entry. */
function parseTree(bytes: Buffer, idBytes: number): FolderFiles {
  const files = new Map<string, string>()
  let at = 0
  while (at < bytes.length) {
    const end = bytes.indexOf(0, at)
    const [mode = '', ...name] = bytes.subarray(at, end).toString().split(' ')
    at = end + 1 + idBytes
    if (mode === '100644') files.set(name.join(' '), bytes.subarray(end + 1, at).toString('hex'))
  }
  return files
}
