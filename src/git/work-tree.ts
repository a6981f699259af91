/** Writes files of a data commit into the work tree, where the user has not changed them. Their bytes are read from git some at a time, so memory stays flat however many they are. */
import { renameSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { blobId, readBlobs } from './objects/blobs.ts'
import { type TreeFiles, filesAt } from './objects/tree.ts'
import type { Repository } from './repository.ts'
import { outsideSparse } from './sparse.ts'

/** Path → blob id; undefined: removed. */
export type FileIds = ReadonlyMap<string, string | undefined>

/** Functions that undo writes, in the order of the writes. */
export type Undo = (() => Promise<void>)[]

/** How the user's own changes are told from what the tool wrote. */
export interface WorkTreeOptions {
  /** The commit on which the files in the work tree stand. */
  readonly from: string
  /** Path → blob id of files that the tool itself staged before: a file with this content in the work tree was not changed by hand. */
  readonly staged?: ReadonlyMap<string, string>
  /** Path → bytes of files that are in memory anyway; the others are read from git. */
  readonly contents?: ReadonlyMap<string, Buffer | undefined>
}

/** The number of files that are written at the same time. */
const AT_ONCE = 16

/** Undoes the writes, the last one first. */
export async function stepBack(undo: Undo): Promise<void> {
  for (const step of undo.toReversed()) await step()
}

/** Writes those files, which git has as blobs, into the work tree that the user has not changed. `undo` gets a function for each write. */
export async function writeWorkTree(
  repository: Repository,
  files: FileIds,
  options: WorkTreeOptions & { readonly undo: Undo },
): Promise<void> {
  const sparse = await outsideSparse(repository, [...files.keys()])
  const known = await filesBelow(repository, options.from, files)
  const writer = { repository, known, ...options, folders: new Map<string, boolean>() }
  const wanted = [...files].filter(([file]) => !sparse.has(file))
  for (let start = 0; start < wanted.length; start += AT_ONCE)
    await writeSome(writer, wanted.slice(start, start + AT_ONCE))
}

interface Writer extends WorkTreeOptions {
  readonly repository: Repository
  /** The files of `from`. */
  readonly known: TreeFiles
  readonly undo: Undo
  /** Folders that are there; true: it was made for these files, so none of them was in it. */
  readonly folders: Map<string, boolean>
}

type FileId = readonly [file: string, id: string | undefined]

async function writeSome(writer: Writer, files: readonly FileId[]): Promise<void> {
  const { repository, contents } = writer
  const given = files.map(([file, id]) => {
    const bytes = contents?.get(file)
    return bytes !== undefined && blobId(bytes, repository.objectFormat) === id ? bytes : undefined
  })
  const ids = files.flatMap(([, id], i) => (given[i] === undefined ? (id ?? []) : []))
  const blobs = await readBlobs(repository, ids)
  for (const folder of files.map(([file]) => path.dirname(file)))
    if (!writer.folders.has(folder)) writer.folders.set(folder, await makeFolder(path.join(repository.root, folder)))
  const done = await Promise.allSettled(
    files.map(([file, id], i) => writeOne(writer, { file, id, bytes: given[i] ?? blobs.get(id ?? '') })),
  )
  // only when none is writing any more, as the caller will undo them
  for (const each of done) if (each.status === 'rejected') throw each.reason
}

/** True when it was not there. */
async function makeFolder(folder: string): Promise<boolean> {
  return (await mkdir(folder, { recursive: true })) !== undefined
}

async function writeOne(
  { repository, known, staged, undo, folders }: Writer,
  to: { readonly file: string; readonly id: string | undefined; readonly bytes: Buffer | undefined },
): Promise<void> {
  const { file, id, bytes } = to
  const target = path.join(repository.root, file)
  const isNew = folders.get(path.dirname(file)) === true
  const present = isNew ? undefined : await readFile(target).catch(() => undefined)
  const presentId = present === undefined ? undefined : blobId(present, repository.objectFormat)
  const committed = known.get(file)?.id
  const isOwn =
    presentId === undefined || presentId === id || presentId === committed || presentId === staged?.get(file)
  if (!isOwn) return // changed by hand
  await replaceFile(repository, target, bytes)
  const isCommitted = presentId !== undefined && presentId === committed
  const former = isCommitted ? undefined : present
  undo.push(async () => {
    const back = isCommitted ? (await readBlobs(repository, [presentId])).get(presentId) : former
    await replaceFile(repository, target, back)
  })
}

let replaced = 0

/** Replaces a file by a rename, or removes it. The temporary file is in the tool's own folder, so that a killed run leaves nothing among the exports. */
export async function replaceFile(repository: Repository, target: string, bytes: Buffer | undefined): Promise<void> {
  if (bytes === undefined) return rm(target, { force: true })
  const temporary = path.join(repository.commonDir, 'tandem', `file-${process.pid}-${++replaced}`)
  // calls that do not wait: thousands of files in a row cost a third of the processor time so
  writeFileSync(temporary, bytes)
  try {
    renameSync(temporary, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await writeFile(target, bytes) // the work tree is on another file system
    await rm(temporary, { force: true })
  }
}

async function filesBelow(repository: Repository, commit: string, files: FileIds): Promise<TreeFiles> {
  const folders = new Set([...files.keys()].map((file) => file.split('/')[0] as string))
  const all = new Map<string, { mode: string; id: string }>()
  for (const folder of folders)
    for (const [file, entry] of await filesAt(repository, commit, folder)) all.set(file, entry)
  return all
}
