/**
 * Makes a data commit without the user's index or work tree, then brings both along. The order is the invariant: index.lock, work-tree files, the index renamed, the
 * ref last with its old value. A kill in between leaves at worst staged additions, never a staged reversal.
 */
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { LockedError } from '../model/errors.ts'
import { takeIndexLock } from './index-lock.ts'
import { blobId, writeBlobs } from './objects.ts'
import type { Repository } from './repository.ts'
import { GitError } from './run.ts'
import { filesAt, type TreeFiles } from './tree.ts'

/** Path from the root → new bytes; undefined removes the file, which ordinary work never does. */
export type FileWrites = ReadonlyMap<string, Buffer | undefined>
/** Path → blob id; undefined: removed. */
export type FileIds = ReadonlyMap<string, string | undefined>

export interface DataCommit {
  readonly commit: string
  readonly tree: string
  /** Every file written. */
  readonly files: FileIds
}

/** Stores the blobs and a tree that is `parent`'s with these files. Nothing of the user's is touched. */
export async function buildTree(
  repository: Repository,
  parent: string,
  writes: FileWrites,
): Promise<Pick<DataCommit, 'tree' | 'files'>> {
  const written = [...writes].filter((entry): entry is [string, Buffer] => entry[1] !== undefined)
  const ids = await writeBlobs(
    repository,
    written.map(([, bytes]) => bytes),
  )
  const files = new Map<string, string | undefined>([...writes.keys()].map((file) => [file, undefined]))
  for (const [i, [file]] of written.entries()) files.set(file, ids[i])
  return { tree: await treeWithFiles(repository, parent, files), files }
}

/** Stores a tree that is `parent`'s with these blobs. */
export async function treeWithFiles(repository: Repository, parent: string, files: FileIds): Promise<string> {
  const index = passingIndex(repository)
  const environment = { GIT_INDEX_FILE: index }
  try {
    await repository.git(['read-tree', parent], { environment })
    await updateIndex(repository, files, environment)
    return await repository.git(['write-tree'], { environment })
  } finally {
    await rm(index, { force: true })
  }
}

/** Not beside the user's index: what a kill leaves of it is then removed with the other passing files of ours. */
function passingIndex(repository: Repository): string {
  return path.join(repository.commonDir, 'tandem', `index-${process.pid}`)
}

/** Writes the commit object (signed if the user signs commits). No ref moves. */
export async function commitTree(
  repository: Repository,
  tree: string,
  options: { readonly parents: readonly string[]; readonly message: string },
): Promise<string> {
  const sign = (await repository.git(['config', '--type=bool', '--get', 'commit.gpgsign'], { answers: [1] })) === 'true'
  const parents = options.parents.flatMap((parent) => ['-p', parent])
  return repository.git(['commit-tree', tree, ...parents, ...(sign ? ['-S'] : [])], { input: options.message })
}

export interface BringOptions {
  /** Full name of the branch that moves. */
  readonly ref: string
  /** Where it stands now; the move fails if it no longer does. */
  readonly from: string
  readonly writes: FileWrites
  /** What the tool itself staged before: such content in the work tree is not changed by hand either. */
  readonly staged?: ReadonlyMap<string, string>
}

/**
 * Brings index, work tree and branch to the commit. Only files whose work-tree content is still that of `from` are rewritten; a file the user changed by hand stays.
 * @throws LockedError when another git command holds the index
 */
export async function bringAlong(repository: Repository, made: DataCommit, options: BringOptions): Promise<void> {
  const staged = await stageFiles(repository, made.files, options)
  try {
    await repository.git(['update-ref', '-m', 'tandem: data commit', options.ref, made.commit, options.from])
  } catch (error) {
    await staged.putBack()
    throw refLocked(error) ?? error
  }
}

/** git's own lock of a ref: another git is at work, or one was killed. It is git's, so not ours to remove. */
function refLocked(error: unknown): LockedError | undefined {
  const lock = error instanceof GitError ? /'([^']+\.lock)': File exists/.exec(error.stderr)?.[1] : undefined
  if (lock === undefined) return undefined
  return new LockedError(`git holds ${lock}`, {
    hint: 'Wait for the other git; if none runs, remove that file.',
    cause: error,
  })
}

/**
 * Writes files into the user's index and work tree, leaving everything else staged or changed as it is.
 * @throws LockedError when another git command holds the index
 */
export async function stageFiles(
  repository: Repository,
  files: FileIds,
  options: Omit<BringOptions, 'ref'>,
): Promise<{ putBack(): Promise<void> }> {
  const index = path.join(repository.gitDir, 'index')
  const lock = `${index}.lock`
  const before = await readFile(index).catch(() => undefined)
  await takeIndexLock(repository, lock)
  const undo: Undo = []
  try {
    const copy = await indexWith(repository, files, before)
    await writeWorkTree(repository, options, undo)
    await refresh(repository, copy)
    await rename(copy, index)
    if (before !== undefined) undo.push(() => replaceFile(repository, index, before))
    await rm(lock, { force: true })
    return { putBack: () => stepBack(undo) }
  } catch (error) {
    await stepBack(undo)
    for (const file of [lock, passingIndex(repository)]) await rm(file, { force: true })
    throw error
  }
}

/** What takes writes back, in the order of the writes. */
export type Undo = (() => Promise<void>)[]

export async function stepBack(undo: Undo): Promise<void> {
  for (const step of undo.toReversed()) await step()
}

/** A copy of the user's index with our files in it; entries outside a sparse checkout stay outside. */
async function indexWith(repository: Repository, files: FileIds, before: Buffer | undefined): Promise<string> {
  const copy = passingIndex(repository)
  const environment = { GIT_INDEX_FILE: copy }
  if (before !== undefined) await copyFile(path.join(repository.gitDir, 'index'), copy)
  const sparse = await sparsePaths(repository, [...files.keys()])
  await updateIndex(repository, files, environment)
  if (sparse.size > 0)
    await repository.git(['update-index', '--skip-worktree', '-z', '--stdin'], { input: nul(sparse), environment })
  return copy
}

/** Which of the paths a sparse checkout leaves out of the work tree (`S` in ls-files -t). */
async function sparsePaths(repository: Repository, paths: readonly string[]): Promise<Set<string>> {
  const sparseCheckout = await repository.git(['config', '--type=bool', '--get', 'core.sparseCheckout'], {
    answers: [1],
  })
  if (sparseCheckout !== 'true') return new Set()
  const listing = await repository.git(['ls-files', '-t', '-z', '--full-name'])
  const left = new Set(
    listing
      .split('\0')
      .filter((line) => line.startsWith('S '))
      .map((line) => line.slice(2)),
  )
  return new Set(paths.filter((file) => left.has(file)))
}

/** Puts files into an index: the user's, or the one that `environment` names. */
export async function updateIndex(
  repository: Repository,
  files: FileIds,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  // mode 0 removes the entry (git-update-index(1), --index-info)
  const gone = `0 ${'0'.repeat(repository.objectFormat === 'sha256' ? 64 : 40)}`
  const input = [...files].map(([file, id]) => `${id === undefined ? gone : `100644 ${id}`}\t${file}\0`).join('')
  await repository.git(['update-index', '-z', '--index-info'], { input, environment })
}

/** Makes git notice the sizes and times of the files just written, so that `git status` has nothing to re-read. */
async function refresh(repository: Repository, index: string): Promise<void> {
  const environment = { GIT_INDEX_FILE: index }
  await repository.git(['update-index', '-q', '--refresh', '--unmerged'], { environment, answers: [1, 128] })
}

/** Writes files into the work tree where its content is still that of `from`; `undo` gets the steps back. */
export async function writeWorkTree(
  repository: Repository,
  options: Omit<BringOptions, 'ref'>,
  undo: Undo,
): Promise<void> {
  const sparse = await sparsePaths(repository, [...options.writes.keys()])
  const known = await filesBelow(repository, options.from, options.writes)
  const staged = options.staged ?? new Map<string, string>()
  for (const [file, bytes] of options.writes) {
    if (sparse.has(file)) continue
    const target = path.join(repository.root, file)
    const present = await readFile(target).catch(() => undefined)
    // changed by hand: neither what the commit holds nor already what we write
    const byHand = present !== undefined && (bytes === undefined || !present.equals(bytes))
    const id = byHand ? blobId(present, repository.objectFormat) : undefined
    if (id !== undefined && id !== known.get(file)?.id && id !== staged.get(file)) continue
    await replaceFile(repository, target, bytes)
    undo.push(() => replaceFile(repository, target, present))
  }
}

/** The passing file lies in the tool's own folder: a kill must leave nothing among the exports. */
async function replaceFile(repository: Repository, target: string, bytes: Buffer | undefined): Promise<void> {
  if (bytes === undefined) return rm(target, { force: true })
  await mkdir(path.dirname(target), { recursive: true })
  const temporary = path.join(repository.commonDir, 'tandem', `file-${process.pid}`)
  await writeFile(temporary, bytes)
  try {
    await rename(temporary, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await writeFile(target, bytes) // the work tree is on another file system
    await rm(temporary, { force: true })
  }
}

async function filesBelow(repository: Repository, commit: string, writes: FileWrites): Promise<TreeFiles> {
  const folders = new Set([...writes.keys()].map((file) => file.split('/')[0] as string))
  const all = new Map<string, { mode: string; id: string }>()
  for (const folder of folders)
    for (const [file, entry] of await filesAt(repository, commit, folder)) all.set(file, entry)
  return all
}

function nul(paths: Iterable<string>): string {
  return [...paths].map((file) => `${file}\0`).join('')
}
