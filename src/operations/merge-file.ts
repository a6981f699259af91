/** `tandem merge-file`: the three-way merge of records files that lie anywhere, also outside a repository. Pure but for reading and writing the files named; no database. */
import { lstat, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { SourceConfig } from '../config/config.ts'
import { folderName } from '../config/folder.ts'
import { CONFIG_FILE } from '../config/load.ts'
import { optionsFor } from '../config/match.ts'
import { rulesFor } from '../config/rules.ts'
import { schemaBeside } from '../conflicts/rules.ts'
import { type FileMerge, type NamedText, mergeFiles, plainRules, recordTimes } from '../conflicts/three-way.ts'
import { type RecordsFile, parseRecordsFile } from '../format/records-file.ts'
import { openRepository } from '../git/repository.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import { exists } from '../io/exists.ts'
import type { CollectionSchema } from '../model/collection.ts'
import { DamagedError, UsageError } from '../model/errors.ts'
import type { MergeRules } from '../model/rules.ts'
import type { MergeReport } from '../report/report.ts'
import { parseOnly } from '../source/only.ts'
import { type Invocation, type Workspace, workspaceOf } from '../workspace/workspace.ts'

export interface MergeFileOptions {
  /** Paths, or `-` for standard input, one of them at most. A missing or empty file holds no records. */
  readonly base: string
  readonly ours: string
  readonly theirs: string
  /** Merge by the rules of this collection (`traders`, or `app/traders`) instead of the one that the files name. */
  readonly collection: string | undefined
  readonly standardInput: () => Promise<string>
}

export interface MergedFile extends FileMerge {
  readonly report: MergeReport
  /** Files that are not there, for a word to people. */
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
  const texts: (string | undefined)[] = []
  for (const name of names) texts.push(await readSide(invocation, name, options.standardInput))
  const missing = names.filter((_, i) => texts[i] === undefined)
  const [base, ours, theirs] = names.map((name, i): NamedText => ({ path: name, text: texts[i] ?? '' })) as [
    NamedText,
    NamedText,
    NamedText,
  ]
  const files = [base, ours, theirs].map(({ text, path: file }) =>
    text === '' ? NO_FILE : parseRecordsFile(text, file),
  )
  const header = files.find((file) => file.header !== undefined)?.header
  const rules = header === undefined ? undefined : await rulesOfFile(invocation, header, options.collection)
  const merge = mergeFiles({
    base,
    ours,
    theirs,
    rulesFor: () => rules as MergeRules,
    stamps: recordTimes(files[1]?.records ?? NO_FILE.records, files[2]?.records ?? NO_FILE.records),
  })
  const sizes = { before: files[1]?.records.size ?? 0, after: merge.merged.size }
  return { ...merge, missing, report: reportOf(invocation, merge, { header, names, hasBase: base.text !== '', sizes }) }
}

const NO_FILE: { readonly header: undefined; readonly records: RecordsFile['records'] } = {
  header: undefined,
  records: new Map(),
}

/** undefined: no such file. Only regular files: what a link or device leads to is not what was named. */
async function readSide(
  invocation: Invocation,
  name: string,
  standardInput: () => Promise<string>,
): Promise<string | undefined> {
  if (name === '-') return standardInput()
  const file = path.resolve(invocation.directory, name)
  const entry = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new UsageError(`${name} cannot be read: ${error.message}`, { cause: error })
  })
  if (entry === undefined) return undefined
  if (!entry.isFile()) throw new DamagedError({ path: name }, 'not a regular file (links are not followed)')
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${name} cannot be read: ${error.message}`, { cause: error })
  })
}

/** As configured where there is a configuration, else: the key is the identity, and nothing else is known. */
async function rulesOfFile(
  invocation: Invocation,
  header: RecordsFile['header'],
  collection: string | undefined,
): Promise<MergeRules> {
  const workspace = await workspaceIfAny(invocation)
  const named = collection === undefined ? undefined : placeOf(workspace, header, collection)
  const source = workspace?.config.sources.find(({ name }) => name === (named?.source ?? header.source))
  if (workspace === undefined || source === undefined) return plainRules(header)
  const name = named?.collection ?? header.collection
  const schema = (await schemaAtHead(workspace, source, name)) ?? schemaFrom(header, name)
  if (schema.key.join('\0') !== header.key.join('\0') || schema.order !== header.order)
    throw new UsageError(`${source.name}/${name} has another key than the files: ${schema.key.join(', ')}`)
  return rulesFor(source, schema)
}

/** The workspace around the directory; undefined where there is no repository or no configuration. An invalid configuration is an error: its rules would be missed silently. */
async function workspaceIfAny(invocation: Invocation): Promise<Workspace | undefined> {
  const repository = await openRepository(invocation.directory, invocation.environment).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined
    throw error
  })
  if (repository === undefined || !(await exists(path.join(repository.root, CONFIG_FILE)))) return undefined
  return workspaceOf(invocation, repository)
}

function placeOf(
  workspace: Workspace | undefined,
  header: RecordsFile['header'],
  text: string,
): { readonly source: string; readonly collection: string } {
  const sources = workspace?.config.sources.map(({ name }) => name) ?? []
  const [first, rest] = [parseOnly(text)?.source ?? '', parseOnly(text)?.collection]
  if (rest !== undefined && sources.includes(first)) return { source: first, collection: rest }
  if (sources.includes(header.source)) return { source: header.source, collection: text }
  throw new UsageError(`--collection ${text}: no configuration here has source ${header.source}`, {
    hint: 'Start it in the repository (-C DIR) whose tandem.config.json has the rules, or leave --collection out.',
  })
}

async function schemaAtHead(
  workspace: Workspace,
  source: SourceConfig,
  name: string,
): Promise<CollectionSchema | undefined> {
  const folder = folderName(name, optionsFor(source, name).folder)
  return schemaBeside(workspace.repository, `${workspace.config.exports}/${source.name}/${folder}/records.jsonl`)
}

/** Nothing but what the files themselves say. */
function schemaFrom({ key, order }: RecordsFile['header'], name: string): CollectionSchema {
  return { name, key, order, fields: [], uniques: [], references: [] }
}

function reportOf(
  invocation: Invocation,
  merge: FileMerge,
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
export async function writeResult(invocation: Invocation, name: string, text: string): Promise<void> {
  const file = path.resolve(invocation.directory, name)
  const entry = await lstat(file).catch(() => undefined)
  if (entry !== undefined && !entry.isFile()) throw new UsageError(`${name} is not a regular file; nothing was written`)
  await writeAtomically(file, text).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${name} cannot be written: ${error.message}`, { cause: error })
  })
}
