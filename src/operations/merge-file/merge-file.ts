/** `tandem merge-file`: the three-way merge of records files that lie anywhere, also outside a repository. Pure but for reading and writing the files named; no database. */
import { lstat, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type FileMerge, type NamedText, mergeFiles, recordTimes } from '../../conflicts/three-way.ts'
import { type RecordsFile, parseRecordsFile } from '../../format/records-file.ts'
import { writeAtomically, writePartsAtomically } from '../../io/atomic-write.ts'
import { DamagedError, UsageError } from '../../model/errors.ts'
import type { MergeRules } from '../../model/rules.ts'
import type { MergeReport } from '../../report/report.ts'
import type { Invocation } from '../../workspace/workspace.ts'
import { rulesOfFile } from './rules.ts'
import { type SidePaths, compareFiles } from './large-files.ts'

export interface MergeFileOptions {
  /** Paths, or `-` for standard input, one of them at most. A missing or empty file holds no records. */
  readonly base: string
  readonly ours: string
  readonly theirs: string
  /** Merge by the rules of this collection (`traders`, or `app/traders`) instead of the one that the files name. */
  readonly collection: string | undefined
  readonly standardInput: () => Promise<string>
}

export interface MergedFile extends Pick<FileMerge, 'decisions' | 'collisions' | 'counts'> {
  readonly report: MergeReport
  /** Files that are not there, for a word to people. */
  readonly missing: readonly string[]
  /** The merged file, part by part. @throws DamagedError when the file of our side was changed since it was merged */
  readonly parts: () => Iterable<Buffer>
  /** Has to be called when the parts are written. */
  readonly close: () => void
}

/** The three names, and the paths of those that are there and not standard input. */
interface NamedSides {
  readonly names: readonly [base: string, ours: string, theirs: string]
  readonly paths: SidePaths
  readonly missing: readonly string[]
}

/**
 * Merges; writes nothing.
 * @throws DamagedError for a damaged file, a link or a folder, or files of different collections or layouts; UsageError when `collection` needs a configuration that is not there
 */
export async function mergeFile(invocation: Invocation, options: MergeFileOptions): Promise<MergedFile> {
  const names = [options.base, options.ours, options.theirs] as const
  if (names.filter((name) => name === '-').length > 1)
    throw new UsageError('only one of the three files can be standard input (-)')
  const paths: (string | undefined)[] = []
  for (const name of names) paths.push(await findSide(invocation, name))
  const missing = names.filter((name, i) => name !== '-' && paths[i] === undefined)
  const sides = { names, paths: paths as unknown as SidePaths, missing }
  return (await mergeByLines(invocation, options, sides)) ?? mergeWholeFiles(invocation, options, sides)
}

/** Merges without having the files in memory; undefined where that is not possible, so that they are merged as a whole. */
async function mergeByLines(
  invocation: Invocation,
  options: MergeFileOptions,
  { names, paths, missing }: NamedSides,
): Promise<MergedFile | undefined> {
  const compared = names.includes('-') ? undefined : compareFiles(paths)
  if (compared === undefined) return undefined
  try {
    const { header, counts, hasBase } = compared.differences
    const merge = compared.merge(await rulesOfFile(invocation, header, options.collection))
    const sizes = { before: counts.ours, after: merge.counts.result }
    const report = reportOf(invocation, merge, { header, names, hasBase, sizes })
    return { ...merge, missing, report, close: compared.close }
  } catch (error) {
    compared.close()
    throw error
  }
}

async function mergeWholeFiles(
  invocation: Invocation,
  options: MergeFileOptions,
  { names, paths, missing }: NamedSides,
): Promise<MergedFile> {
  const sides: NamedText[] = []
  for (const [i, name] of names.entries()) {
    const file = paths[i]
    const text = name === '-' ? await options.standardInput() : file === undefined ? '' : await readSide(name, file)
    sides.push({ path: name, text })
  }
  const [base, ours, theirs] = sides as [NamedText, NamedText, NamedText]
  const files = sides.map(({ text, path: file }) => (text === '' ? NO_FILE : parseRecordsFile(text, file)))
  const header = files.find((file) => file.header !== undefined)?.header
  const rules = header === undefined ? undefined : await rulesOfFile(invocation, header, options.collection)
  const { text, ...merge } = mergeFiles({
    base,
    ours,
    theirs,
    rulesFor: () => rules as MergeRules,
    stamps: recordTimes(files[1]?.records ?? NO_FILE.records, files[2]?.records ?? NO_FILE.records),
  })
  const sizes = { before: files[1]?.records.size ?? 0, after: merge.merged.size }
  const report = reportOf(invocation, merge, { header, names, hasBase: base.text !== '', sizes })
  return { ...merge, missing, report, parts: () => [Buffer.from(text)], close: () => undefined }
}

const NO_FILE: { readonly header: undefined; readonly records: RecordsFile['records'] } = {
  header: undefined,
  records: new Map(),
}

/** The path of a side on disk; undefined: standard input, or no such file. Only regular files: what a link or device leads to is not what was named. */
async function findSide(invocation: Invocation, name: string): Promise<string | undefined> {
  if (name === '-') return undefined
  const file = path.resolve(invocation.directory, name)
  const entry = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw unreadable(name, error)
  })
  if (entry === undefined) return undefined
  if (!entry.isFile()) throw new DamagedError({ path: name }, 'not a regular file (links are not followed)')
  return file
}

function readSide(name: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(name, error)
  })
}

function unreadable(name: string, cause: NodeJS.ErrnoException): UsageError {
  return new UsageError(`${name} cannot be read: ${cause.message}`, { cause })
}

function reportOf(
  invocation: Invocation,
  merge: Pick<FileMerge, 'decisions' | 'collisions' | 'counts'>,
  at: {
    readonly header: RecordsFile['header'] | undefined
    readonly names: readonly [base: string, ours: string, theirs: string]
    readonly hasBase: boolean
    readonly sizes: { readonly before: number; readonly after: number }
  },
): MergeReport {
  const { header, names } = at
  const collections = header === undefined ? {} : { [header.collection]: { ...merge.counts, ...at.sizes } }
  return {
    version: 1,
    source: header?.source ?? '',
    database: header?.source ?? '',
    asset: invocation.hostName,
    time: new Date(invocation.nowMs()).toISOString(),
    base: at.hasBase ? names[0] : undefined,
    ours: names[1],
    theirs: names[2],
    status: merge.collisions.length > 0 ? 'HELD' : 'SUCCESS',
    collections,
    held: merge.collisions.map(({ key }) => ({
      collection: header?.collection ?? '',
      reason: `${key} stands for two records`,
    })),
    decisions: merge.decisions,
  }
}

/**
 * Writes a result beside its place and renames it: whole or not there.
 * @throws UsageError when something else than a regular file stands there, or it cannot be written
 */
export async function writeResult(
  invocation: Invocation,
  name: string,
  content: string | (() => Iterable<Buffer>),
): Promise<void> {
  const file = path.resolve(invocation.directory, name)
  const entry = await lstat(file).catch(() => undefined)
  if (entry !== undefined && !entry.isFile()) throw new UsageError(`${name} is not a regular file; nothing was written`)
  const writing = typeof content === 'string' ? writeAtomically(file, content) : writePartsAtomically(file, content())
  await writing.catch((error: NodeJS.ErrnoException) => {
    if (error instanceof DamagedError) throw error
    throw new UsageError(`${name} cannot be written: ${error.message}`, { cause: error })
  })
}
