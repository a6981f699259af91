/** The records files for which git will call the merge driver in one merge. A guess: what is missing here, or is here in vain, costs time and nothing else. */
import { changedBlobs } from '../../git/objects/changed-blobs.ts'
import { readBlobs } from '../../git/objects/blobs.ts'
import { mergeBases } from '../../git/history/commits.ts'
import { findPick } from '../../git/history/find-pick.ts'
import type { Repository } from '../../git/repository.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { CommitsThatMerge } from './commits.ts'
import type { FileTexts } from './records-file.ts'
import { foretellTextMerge } from './text-conflict.ts'

/** A file that both sides changed: its path and the ids of its blobs. */
interface ChangedFile {
  readonly path: string
  /** undefined: the base has no such file. Of several merge bases git makes one, whose files are not known where they differ; then there are several ids. */
  readonly bases: readonly (string | undefined)[]
  readonly ours: string
  readonly theirs: string
}

interface ExpectedFile extends ChangedFile {
  /** True when git's text merge of these blobs is known to meet a conflict; false where it may meet one. */
  readonly meetsConflict: boolean
}

/** The commits whose files git merges. */
export interface MergedSides {
  /** undefined: the merge bases of the two. */
  readonly base: string | undefined
  readonly ours: string
  readonly theirs: string
}

/** So many files are read at once, and files of so many bytes; a larger file is left to its own call. */
const GROUP = { files: 256, bytes: 32 * 1024 * 1024 }

/**
 * In a true merge git tells the other commit. A picked commit is the one that turned the base's text of the asked file into theirs; a reverted one did the reverse. undefined where
 * no such commit is found.
 */
export async function meetingOf(
  { repository }: Workspace,
  { head, merged }: CommitsThatMerge,
  asked: FileTexts,
): Promise<MergedSides | undefined> {
  if (head === undefined) return undefined
  if (merged !== undefined) return { base: undefined, ours: head, theirs: merged }
  const picked = await findPick(repository, asked)
  return picked === undefined ? undefined : { ...picked, ours: head }
}

/** The files in whose text merge git will or may meet a conflict, in groups that fit into memory. */
export async function expectedFiles(workspace: Workspace, meeting: MergedSides): Promise<ExpectedFile[][]> {
  const { repository } = workspace
  const conflicts: ExpectedFile[] = []
  for (const group of await inGroups(repository, await changedByBoth(workspace, meeting))) {
    const texts = await readTexts(repository, group)
    for (const [i, file] of group.entries()) {
      const foretold = file.bases.length > 1 ? 'unknown' : foretellTextMerge(texts[i] as FileTexts)
      if (foretold !== 'clean') conflicts.push({ ...file, meetsConflict: foretold === 'conflict' })
    }
  }
  return inGroups(repository, conflicts)
}

/** The texts of these files, in the same order; the base is empty where it is not known. */
export async function readTexts(repository: Repository, files: readonly ChangedFile[]): Promise<FileTexts[]> {
  const ids = files.flatMap(({ bases, ours, theirs }) => [ours, theirs, ...bases.filter((id) => id !== undefined)])
  const blobs = await readBlobs(repository, ids)
  const text = (id: string | undefined): string => (id === undefined ? '' : (blobs.get(id)?.toString() ?? ''))
  return files.map(({ path, bases, ours, theirs }) => {
    const base = bases.length === 1 ? text(bases[0]) : ''
    return { path, base, ours: text(ours), theirs: text(theirs) }
  })
}

async function changedByBoth(
  { repository, config }: Workspace,
  { base, ours, theirs }: MergedSides,
): Promise<ChangedFile[]> {
  const bases = base === undefined ? await mergeBases(repository, ours, theirs) : [base]
  const since = await Promise.all(bases.map((each) => changedBlobs(repository, [each, ours], config.exports)))
  const files: ChangedFile[] = []
  for (const [path, change] of await changedBlobs(repository, [ours, theirs], config.exports)) {
    const { before: mine, after: other } = change
    if (!path.endsWith('.jsonl') || path.startsWith(`${config.exports}/quarantine/`)) continue
    if (mine === undefined || other === undefined) continue
    const ids = new Set(since.map((changes) => (changes.has(path) ? changes.get(path)?.before : mine)))
    const known = ids.size === 0 ? [undefined] : [...ids]
    if (known.length > 1 || (known[0] !== mine && known[0] !== other))
      files.push({ path, bases: known, ours: mine, theirs: other })
  }
  return files
}

async function inGroups<File extends ChangedFile>(repository: Repository, files: readonly File[]): Promise<File[][]> {
  const groups: File[][] = []
  let bytes = 0
  const sizes = await sizesOf(repository, files)
  for (const [i, file] of files.entries()) {
    const size = sizes[i] as number
    if (size > GROUP.bytes) continue
    const last = groups.at(-1)
    bytes += size
    if (last !== undefined && last.length < GROUP.files && bytes <= GROUP.bytes) last.push(file)
    else {
      groups.push([file])
      bytes = size
    }
  }
  return groups
}

/** The bytes of both sides of each file. */
async function sizesOf(repository: Repository, files: readonly ChangedFile[]): Promise<number[]> {
  if (files.length === 0) return []
  const input = files.map(({ ours, theirs }) => `${ours}\n${theirs}\n`).join('')
  const sizes = (await repository.git(['cat-file', '--batch-check=%(objectsize)'], { input })).split('\n').map(Number)
  return files.map((_, i) => (sizes[2 * i] as number) + (sizes[2 * i + 1] as number))
}
