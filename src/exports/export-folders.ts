/** Groups the files of a source's exports at a commit by collection, and checks that nothing else is among them. */
import { FOLDER, type Tree, readFolder, readTrees } from '../git/objects/trees.ts'
import { DamagedError } from '../model/errors.ts'
import type { ExportsPlace } from '../source/source.ts'

/** One collection's files. */
export interface ExportFolder {
  /** Blob id of `collection.json`. */
  fileId: string | undefined
  /** Bucket → blob id of its file. */
  readonly buckets: Map<string, string>
}

/** The folders of a commit: path → files. @throws DamagedError for anything that is no file of an export; GitError when there is no such commit */
export async function foldersOfCommit(place: ExportsPlace, commit: string): Promise<Map<string, ExportFolder>> {
  const prefix = `${place.exportsFolder}/${place.source}/`
  const entries = [...(await readFolder(place.repository, commit, prefix.slice(0, -1)))]
  for (const [name, { mode }] of entries) if (mode !== FOLDER) bucketIn(`${prefix}${name}`, mode, prefix)
  const trees = await readTrees(
    place.repository,
    entries.map(([, { id }]) => id),
  )
  const folders = new Map<string, ExportFolder>()
  for (const [i, [name]] of entries.entries()) {
    const tree = trees[i] as Tree
    // most commits have the same tree of most collections
    const folder = grouped.get(tree) ?? groupTree(tree, { prefix, name })
    grouped.set(tree, folder)
    folders.set(`${prefix}${name}`, folder)
  }
  return folders
}

const grouped = new WeakMap<Tree, ExportFolder>()

function groupTree(tree: Tree, { prefix, name }: { readonly prefix: string; readonly name: string }): ExportFolder {
  const folder: ExportFolder = { fileId: undefined, buckets: new Map() }
  for (const [file, { mode, id }] of tree) {
    const bucket = bucketIn(`${prefix}${name}/${file}`, mode, prefix)
    if (bucket === undefined) folder.fileId = id
    else folder.buckets.set(bucket, id)
  }
  return folder
}

const EXPORT_FILE = /^[A-Za-z0-9_%-]+\/(?:collection\.json|([a-z0-9-]+)\.jsonl)$/

/** The bucket of a file; undefined for `collection.json`. @throws DamagedError for any other file */
function bucketIn(path: string, mode: string, prefix: string): string | undefined {
  if (mode !== '100644' && mode !== FOLDER)
    throw new DamagedError({ path }, `git mode ${mode}: not a plain file (a link, executable or submodule)`)
  const match = mode === FOLDER ? null : EXPORT_FILE.exec(path.slice(prefix.length))
  if (match === null)
    throw new DamagedError({ path }, 'no file of an export; nothing else may stand in an exports folder')
  return match[1]
}

