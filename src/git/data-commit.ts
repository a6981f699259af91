/**
 * Makes a data commit without the user's index or work tree, then updates both. The order matters: take index.lock, write the work-tree files, rename the new index into place,
 * and last move the branch, if it still is where it was. A run killed in between leaves at worst the new files staged, never the removal of what was committed.
 */
import { access, constants, copyFile, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { exists } from '../io/exists.ts'
import { UsageError } from '../model/errors.ts'
import { commitNamed } from './history/commits.ts'
import { takeIndexLock } from './index-lock.ts'
import { gitHooksFolder } from './install/hooks-home.ts'
import { writeBlobs } from './objects/blobs.ts'
import { refLocked } from './own-refs.ts'
import type { Repository } from './repository.ts'
import { GitError } from './run.ts'
import { outsideSparse } from './sparse.ts'
import { storeTree } from './objects/trees.ts'
import { type FileIds, type Undo, type WorkTreeOptions, replaceFile, stepBack, writeWorkTree } from './work-tree.ts'

/** Path from the root → new bytes; undefined removes the file, which ordinary work never does. */
export type FileWrites = ReadonlyMap<string, Buffer | undefined>

/** A data commit that was made. */
export interface DataCommit {
  readonly commit: string
  /** Every file written. */
  readonly files: FileIds
}

/** Stores the files as blobs, and the tree of `parent` with these files in it. The user's index and work tree are not touched. */
export async function buildTree(
  repository: Repository,
  parent: string,
  writes: FileWrites,
): Promise<{ readonly tree: string; readonly files: FileIds }> {
  const written = [...writes].filter((entry): entry is [string, Buffer] => entry[1] !== undefined)
  const ids = await writeBlobs(
    repository,
    written.map(([, bytes]) => bytes),
  )
  const files = new Map<string, string | undefined>([...writes.keys()].map((file) => [file, undefined]))
  for (const [i, [file]] of written.entries()) files.set(file, ids[i])
  return { tree: await treeWithFiles(repository, parent, files), files }
}

/** Stores the tree of `parent` with these blobs in it, and returns its id. */
export async function treeWithFiles(repository: Repository, parent: string, files: FileIds): Promise<string> {
  return storeTree(repository, parent, files)
}

/** Path of a temporary index. It is in the tool's own folder, where the leftovers of a killed run are removed. */
function passingIndex(repository: Repository): string {
  return path.join(repository.commonDir, 'tandem', `index-${process.pid}`)
}

/** Writes the commit object, signed if the user signs commits, and returns its id. No ref moves. @throws UsageError when git does not know who commits, or cannot sign */
export async function commitTree(
  repository: Repository,
  tree: string,
  options: {
    readonly parents: readonly string[]
    readonly message: string
    /** `Name <mail>`; else the user. */
    readonly author?: string | undefined
    /** Adds the user's `Signed-off-by`. */
    readonly signoff?: boolean
  },
): Promise<string> {
  const sign = (await repository.config()).isTrue('commit.gpgsign')
  const parents = options.parents.flatMap((parent) => ['-p', parent])
  const input = options.signoff === true ? await signedOff(repository, options.message) : options.message
  const [, name, email] = /^(.*?)\s*<([^<>]*)>$/s.exec(options.author ?? '') ?? []
  const environment = name === undefined ? {} : { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email }
  try {
    return await repository.git(['commit-tree', tree, ...parents, ...(sign ? ['-S'] : [])], { input, environment })
  } catch (error) {
    throw refusedCommit(error) ?? error
  }
}

/** The two reasons for which git itself makes no commit, as it says them in English (LC_ALL=C): it does not know who commits, or cannot sign. undefined for any other error. */
function refusedCommit(error: unknown): UsageError | undefined {
  if (!(error instanceof GitError)) return undefined
  if (/tell me who you are|empty ident name|auto-detect/i.test(error.stderr))
    return new UsageError('no data commit could be made: git does not know who you are', {
      hint: 'Run: git config --global user.name "Your Name" && git config --global user.email you@example.com, then: git push (or tandem export --commit)',
      cause: error,
    })
  if (/failed to sign|gpg/i.test(error.stderr))
    return new UsageError(`no data commit could be made: git cannot sign it: ${lastLine(error.stderr)}`, {
      hint: 'Make git commit -S work (user.signingkey, gpg.format), or: git config commit.gpgsign false; then: git push (or tandem export --commit)',
      cause: error,
    })
  return undefined
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

async function identity(repository: Repository): Promise<string> {
  try {
    return await repository.git(['var', 'GIT_COMMITTER_IDENT'])
  } catch (error) {
    throw refusedCommit(error) ?? error
  }
}

/** The message with the committer's sign-off after the trailers, as `git commit --signoff` adds it. */
async function signedOff(repository: Repository, message: string): Promise<string> {
  const committer = (await identity(repository)).replace(/ \d+ [+-]\d{4}$/, '')
  return `${message.trimEnd()}\nSigned-off-by: ${committer}\n`
}

/** How index, work tree and branch are brought to a data commit. */
export interface BringOptions extends WorkTreeOptions {
  /** Full name of the branch that moves. It fails if the branch is no longer at `from`. */
  readonly ref: string
}

/**
 * Brings index, work tree and branch to the commit. A file of the work tree is only rewritten if its content is that of `from`; a file that the user changed stays.
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

/** Why git, or the user's own reference-transaction hook, would not let the branch move; undefined when it would. Nothing moves: the transaction is prepared and given up. */
export async function moveRefusal(
  repository: Repository,
  move: Pick<BringOptions, 'ref' | 'from'> & { readonly commit: string },
): Promise<string | undefined> {
  if (await mayMove(repository, move)) return undefined
  const input = ['start', `update ${move.ref} ${move.commit} ${move.from}`, 'prepare', 'abort', ''].join('\n')
  try {
    await repository.git(['update-ref', '--stdin'], { input })
    return undefined
  } catch (error) {
    if (error instanceof GitError) return error.stderr.trim()
    throw error
  }
}

/** True where nothing can refuse: no hook is asked, nothing is locked, and the branch is a ref of its own in a file or packed. git need not be asked then. */
async function mayMove(repository: Repository, { ref, from }: Pick<BringOptions, 'ref' | 'from'>): Promise<boolean> {
  const { commonDir, gitDir } = repository
  const { names } = await repository.config()
  if (names.some((name) => name.startsWith('hook.') || name === 'extensions.refstorage')) return false
  const file = path.join(commonDir, ref)
  const hook = path.join(await gitHooksFolder(repository), 'reference-transaction')
  for (const inTheWay of [hook, `${file}.lock`, path.join(gitDir, 'HEAD.lock')])
    if (await exists(inTheWay)) return false
  const loose = await readFile(file, 'utf8').catch(() => undefined)
  if (loose !== undefined && loose.trim() !== from) return false
  const isWritable = await access(path.dirname(file), constants.W_OK).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  )
  return isWritable && (await commitNamed(repository, ref)) === from
}

/**
 * Writes files into the user's index and work tree; everything else that is staged or changed stays as it is. The returned `putBack` undoes it.
 * @throws LockedError when another git command holds the index
 */
export async function stageFiles(
  repository: Repository,
  files: FileIds,
  options: WorkTreeOptions,
): Promise<{ putBack(): Promise<void> }> {
  const index = path.join(repository.gitDir, 'index')
  const lock = `${index}.lock`
  const before = await readFile(index).catch(() => undefined)
  await takeIndexLock(repository, lock)
  const undo: Undo = []
  try {
    const copy = await indexWith(repository, files, before)
    await writeWorkTree(repository, files, { ...options, undo })
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

/** Path of a copy of the user's index with these files in it. Files outside a sparse checkout stay outside. */
async function indexWith(repository: Repository, files: FileIds, before: Buffer | undefined): Promise<string> {
  const copy = passingIndex(repository)
  const environment = { GIT_INDEX_FILE: copy }
  if (before !== undefined) await copyFile(path.join(repository.gitDir, 'index'), copy)
  const sparse = await outsideSparse(repository, [...files.keys()])
  await updateIndex(repository, files, environment)
  if (sparse.size > 0)
    await repository.git(['update-index', '--skip-worktree', '-z', '--stdin'], { input: nul(sparse), environment })
  return copy
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

function nul(paths: Iterable<string>): string {
  return [...paths].map((file) => `${file}\0`).join('')
}
