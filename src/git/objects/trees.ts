/** Reads tree objects into entries, and writes trees from entries. A tree with a given id never changes, so each is read once in a run. */
import { compareBytes } from '../../model/canonical.ts'
import { GitError } from '../run.ts'
import { writeObjects } from './object-writer.ts'
import type { Repository } from '../repository.ts'

/** An entry of a tree; tree.ts has the modes of files. */
export interface TreeItem {
  readonly mode: string
  readonly id: string
}

/** The mode of a folder. */
export const FOLDER = '40000'

/** Name → entry of one folder. */
export type Tree = ReadonlyMap<string, TreeItem>

const known = new WeakMap<Repository, Map<string, Tree>>()

function treesOf(repository: Repository): Map<string, Tree> {
  const trees = known.get(repository) ?? new Map<string, Tree>()
  known.set(repository, trees)
  return trees
}

/** The trees with these ids, in the same order. @throws GitError when git does not have one of them */
export async function readTrees(repository: Repository, ids: readonly string[]): Promise<Tree[]> {
  const trees = treesOf(repository)
  const missing = [...new Set(ids)].filter((id) => !trees.has(id))
  for (const [i, object] of (await repository.objects.read(missing)).entries()) {
    if (object?.type !== 'tree') throw noTree(missing[i] as string)
    trees.set(object.id, parseTree(object.bytes, repository))
  }
  return ids.map((id) => trees.get(id) as Tree)
}

function noTree(name: string): GitError {
  return new GitError(['cat-file', '--batch'], 128, `git has no tree ${name}`)
}

/** The id of the tree of `folder` (`.` is the root) at each of these commits or trees, in the same order; undefined where there is no such folder, or no such commit. */
export async function foldersAt(
  repository: Repository,
  commits: readonly string[],
  folder: string,
): Promise<(string | undefined)[]> {
  const roots = await repository.objects.read(commits.map((commit) => `${commit}^{tree}`))
  for (const root of roots) if (root !== undefined) treesOf(repository).set(root.id, parseTree(root.bytes, repository))
  let ids = roots.map((root) => root?.id)
  for (const part of folder.split('/').filter((name) => name !== '' && name !== '.')) {
    const trees = treesOf(repository)
    await readTrees(
      repository,
      ids.filter((id) => id !== undefined),
    )
    ids = ids.map((id) => {
      const next = id === undefined ? undefined : trees.get(id)?.get(part)
      return next?.mode === FOLDER ? next.id : undefined
    })
  }
  return ids
}

/** Like `foldersAt`, for one commit. @throws GitError when there is no such commit */
async function folderAt(repository: Repository, commit: string, folder: string): Promise<string | undefined> {
  const [found] = await foldersAt(repository, [commit], folder)
  if (found === undefined && (await foldersAt(repository, [commit], '.'))[0] === undefined) throw noTree(commit)
  return found
}

/** The entries of one folder of a commit (or tree); empty when there is no such folder. The same tree gives the same Map object. @throws GitError when there is no such commit */
export async function readFolder(repository: Repository, commit: string, folder: string): Promise<Tree> {
  const id = await folderAt(repository, commit, folder)
  const [tree] = id === undefined ? [] : await readTrees(repository, [id])
  return tree ?? NO_ENTRIES
}

const NO_ENTRIES: Tree = new Map()

/** The files below `folder` in which two commits (or trees) differ: path from the root → blob id in `to`; undefined: it is gone. Folders that are the same are not looked into. @throws GitError when there is no such commit */
export async function differingFiles(
  repository: Repository,
  { from, to, folder }: { readonly from: string; readonly to: string; readonly folder: string },
): Promise<Map<string, string | undefined>> {
  const files = new Map<string, string | undefined>()
  const compare = async (before: Tree, after: Tree, prefix: string): Promise<void> => {
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const [old, now] = [before.get(name), after.get(name)]
      if (old?.id === now?.id && old?.mode === now?.mode) continue
      const below = [old, now].map((item) => (item?.mode === FOLDER ? item.id : undefined))
      if (now !== undefined && now.mode !== FOLDER) files.set(`${prefix}${name}`, now.id)
      else if (old !== undefined && old.mode !== FOLDER) files.set(`${prefix}${name}`, undefined)
      if (below.every((id) => id === undefined)) continue
      const [first, second] = await Promise.all(
        below.map(async (id) => (id === undefined ? NO_ENTRIES : ((await readTrees(repository, [id]))[0] as Tree))),
      )
      await compare(first as Tree, second as Tree, `${prefix}${name}/`)
    }
  }
  const start = folder === '.' ? '' : `${folder}/`
  await compare(await readFolder(repository, from, folder), await readFolder(repository, to, folder), start)
  return files
}

/** All files of a commit (or tree) below `folder`: path from the root → entry, sorted by bytes. Empty when there is no such folder. @throws GitError when there is no such commit */
export async function listFiles(
  repository: Repository,
  commit: string,
  folder: string,
): Promise<Map<string, TreeItem>> {
  const start = await folderAt(repository, commit, folder)
  let open = start === undefined ? [] : [start]
  while (open.length > 0) {
    const trees = await readTrees(repository, open)
    open = trees.flatMap((tree) => [...tree.values()].flatMap(({ mode, id }) => (mode === FOLDER ? [id] : [])))
  }
  const files = new Map<string, TreeItem>()
  if (start !== undefined) addFiles(treesOf(repository), start, { prefix: folder === '.' ? '' : `${folder}/`, files })
  return files
}

/** Adds the files of a tree and of those below it. All trees are known; git's order of entries is that of the bytes of whole paths. */
function addFiles(
  trees: ReadonlyMap<string, Tree>,
  id: string,
  to: { readonly prefix: string; readonly files: Map<string, TreeItem> },
): void {
  for (const [name, item] of trees.get(id) as Tree)
    if (item.mode === FOLDER) addFiles(trees, item.id, { ...to, prefix: `${to.prefix}${name}/` })
    else to.files.set(`${to.prefix}${name}`, item)
}

/** Path from the root → blob id of a plain file; undefined when the file is removed. */
type ChangedFiles = ReadonlyMap<string, string | undefined>

/** Stores the tree of `commit` (an empty tree if undefined) with these files changed, and returns the new tree's id. @throws GitError when there is no such commit */
export async function storeTree(
  repository: Repository,
  commit: string | undefined,
  files: ChangedFiles,
): Promise<string> {
  const root = commit === undefined ? undefined : await folderAt(repository, commit, '.')
  return (await storeFolder(repository, root, files)) ?? (await writeTree(repository, new Map()))
}

/** Stores one folder with everything below it and returns its tree's id. undefined when nothing is left in it, because git keeps no empty folders. */
async function storeFolder(
  repository: Repository,
  before: string | undefined,
  files: ChangedFiles,
): Promise<string | undefined> {
  const [former = new Map<string, TreeItem>()] = before === undefined ? [] : await readTrees(repository, [before])
  const tree = new Map(former)
  const below = new Map<string, Map<string, string | undefined>>()
  for (const [path, id] of files) {
    const slash = path.indexOf('/')
    const name = slash < 0 ? path : path.slice(0, slash)
    if (slash >= 0) below.set(name, (below.get(name) ?? new Map()).set(path.slice(slash + 1), id))
    else if (id === undefined) tree.delete(name)
    else tree.set(name, { mode: '100644', id })
  }
  for (const [name, changed] of below) {
    const folder = former.get(name)
    const id = await storeFolder(repository, folder?.mode === FOLDER ? folder.id : undefined, changed)
    if (id !== undefined) tree.set(name, { mode: FOLDER, id })
    else if (folder?.mode === FOLDER) tree.delete(name)
  }
  return tree.size === 0 ? undefined : writeTree(repository, tree)
}

async function writeTree(repository: Repository, tree: Tree): Promise<string> {
  // git sorts entries by the bytes of their names, a folder's name with a slash at its end
  const named = [...tree].map(([name, item]) => ({ name, item, sort: item.mode === FOLDER ? `${name}/` : name }))
  if (named.some(({ sort }, i) => i > 0 && compareBytes((named[i - 1] as { sort: string }).sort, sort) > 0))
    named.sort((a, b) => compareBytes(a.sort, b.sort))
  const bytes = Buffer.allocUnsafe(named.reduce((sum, { name, item }) => sum + entryLength(name, item), 0))
  let at = 0
  for (const { name, item } of named) {
    at += bytes.write(`${item.mode} ${name}\0`, at)
    at += bytes.write(item.id, at, 'hex')
  }
  const [id] = await writeObjects(repository, 'tree', [bytes])
  treesOf(repository).set(id as string, new Map(named.map(({ name, item }) => [name, item])))
  return id as string
}

function entryLength(name: string, { mode, id }: TreeItem): number {
  return mode.length + Buffer.byteLength(name) + 2 + id.length / 2
}

/** Reads the bytes of a tree object: for each entry `mode name\0` and the bytes of its id. */
function parseTree(bytes: Buffer, { objectFormat }: Pick<Repository, 'objectFormat'>): Tree {
  const idBytes = objectFormat === 'sha256' ? 32 : 20
  const tree = new Map<string, TreeItem>()
  let at = 0
  while (at < bytes.length) {
    const end = bytes.indexOf(0, at)
    const entry = bytes.subarray(at, end).toString()
    const space = entry.indexOf(' ')
    at = end + 1 + idBytes
    tree.set(entry.slice(space + 1), { mode: entry.slice(0, space), id: bytes.subarray(end + 1, at).toString('hex') })
  }
  return tree
}
