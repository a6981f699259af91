/** The files of one folder at many commits, by blob id. Commits with the same tree share one listing. */
import { NotRead } from '../history/lazily.ts'
import type { Repository } from '../repository.ts'
import { type Tree, foldersAt, readTrees } from './trees.ts'

/** File name → blob id, of plain files only. */
export type FolderFiles = ReadonlyMap<string, string>

/** The folder at many commits. */
export interface FolderHistory {
  /** The folder's files at a commit; empty when the commit has no such folder. @throws NotRead until they are read */
  files(commit: string): FolderFiles
  /** Reads the folder at many commits at once. */
  read(commits: Iterable<string>): Promise<void>
}

/** The history of a folder (a path from the repository's root). Nothing is read yet. */
export function openFolder(repository: Repository, folder: string): FolderHistory {
  const trees = new Map<string, string>() // commit → tree of the folder
  const listings = new Map<string, FolderFiles>([['', new Map<string, string>()]])
  const read = async (commits: Iterable<string>): Promise<void> => {
    const missing = [...new Set(commits)].filter((commit) => !trees.has(commit))
    for (const [i, tree] of (await foldersAt(repository, missing, folder)).entries())
      trees.set(missing[i] as string, tree ?? '')
    const fresh = [...new Set(missing.map((commit) => trees.get(commit) as string))].filter((id) => !listings.has(id))
    for (const [i, tree] of (await readTrees(repository, fresh)).entries())
      listings.set(fresh[i] as string, plainFiles(tree))
  }
  const files = (commit: string): FolderFiles => {
    const tree = trees.get(commit)
    if (tree === undefined) throw new NotRead(`${folder} at ${commit}`, () => read([commit]))
    return listings.get(tree) as FolderFiles
  }
  return { files, read }
}

/** The plain files of a folder. */
function plainFiles(tree: Tree): FolderFiles {
  return new Map([...tree].flatMap(([name, { mode, id }]) => (mode === '100644' ? [[name, id] as const] : [])))
}
