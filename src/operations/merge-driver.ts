/** git's merge driver for exports (gitattributes(5)): called when both sides changed a file and the text merge met a conflict. Knows the commits that merge, so that it stamps as everybody else does. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { rulesFor } from '../config/rules.ts'
import { parseCollectionFile } from '../export/collection-file.ts'
import { mergeQuarantine } from '../export/quarantine-file.ts'
import { parseRecordsFile, recordsFileText, type RecordsFile } from '../export/records-file.ts'
import { mergeBases } from '../git/history.ts'
import { readHead } from '../git/head.ts'
import type { Repository } from '../git/repository.ts'
import { writeByWayOf } from '../io/atomic-write.ts'
import type { CollectionSchema } from '../model/collection.ts'
import type { Side } from '../merge/versions.ts'
import { DamagedError } from '../model/errors.ts'
import type { MergeRules } from '../model/rules.ts'
import { mergeFiles, plainRules, type FileMerge } from './merge-files.ts'
import { mergeFileByHistory } from './convergence/file-merge.ts'
import { newFields } from './convergence/filled.ts'
import { lastWrites, NO_WRITER, type SideStamps } from './record-stamps.ts'
import type { Workspace } from './workspace.ts'

export interface DriverInput {
  /** %O, %A, %B: files with base, ours (and the result) and theirs. */
  readonly base: string
  readonly ours: string
  readonly theirs: string
  /** %P: where the result belongs. */
  readonly path: string
}

/**
 * Merges one file and writes the result over `ours`. Answers false when a person has to look (`tandem resolve`).
 * @throws DamagedError when a side is damaged or in another layout; the file is untouched then
 */
export async function runMergeDriver(workspace: Workspace, input: DriverInput): Promise<boolean> {
  const { root } = workspace.repository
  const [base, ours, theirs] = await Promise.all(
    [input.base, input.ours, input.theirs].map((file) => readFile(path.resolve(root, file), 'utf8')),
  )
  // git takes what is in that file even when we fail: on a full disk it must still be ours, whole
  const write = (content: string): Promise<void> =>
    writeByWayOf(workspace.dataDir, path.resolve(root, input.ours), { content })
  if (input.path.startsWith(`${workspace.config.exports}/quarantine/`)) {
    const texts = { base: base ?? '', ours: ours ?? '', theirs: theirs ?? '' }
    await write(mergeQuarantine(texts, input.path))
    return true
  }
  if (!input.path.endsWith('.jsonl')) return ours === theirs
  const keyFields = checkPlace(workspace, input, ours ?? '')
  const schema = await schemaBeside(workspace.repository, input.path)
  const head = (await readHead(workspace.repository)).commit
  const commits = { ours: head, theirs: mergedCommit(workspace, head) }
  const texts = { ours: ours ?? '', theirs: theirs ?? '' }
  const merged = await mergeByHistory(workspace, input.path, { commits, texts, schema })
  if (merged !== undefined) {
    await write(merged.text)
    return true
  }
  const stamps = await stampsOfMerge(workspace, input.path, keyFields)
  const merge = mergeFiles({
    base: { path: `${input.path} (base)`, text: base ?? '' },
    ours: { path: `${input.path} (ours)`, text: ours ?? '' },
    theirs: { path: `${input.path} (theirs)`, text: theirs ?? '' },
    rulesFor: (header) => rulesOf(workspace, header, schema),
    newFields: await freshFields(workspace.repository, input.path, stamps.commits),
    stamps: () => (key) => ({ ours: stamps.ours(key), theirs: stamps.theirs(key) }),
  })
  await write(stamps.isRebase ? upstreamKeeps(merge, ours ?? '') : merge.text)
  return true
}

/** In a true merge both sides are commits: the rule over their history decides. undefined: there is no such history here. */
export async function mergeByHistory(
  workspace: Workspace,
  file: string,
  at: {
    readonly commits: Readonly<Record<Side, string | undefined>>
    readonly texts: Readonly<Record<Side, string>>
    readonly schema: CollectionSchema | undefined
  },
): ReturnType<typeof mergeFileByHistory> {
  const { repository, config } = workspace
  const { texts, schema } = at
  const { ours, theirs } = at.commits
  if (ours === undefined || theirs === undefined || texts.ours === '' || texts.theirs === '') return undefined
  const question = { file, ours, theirs, texts, exportsFolder: config.exports }
  return mergeFileByHistory(repository, { ...question, rulesFor: (header) => rulesOf(workspace, header, schema) })
}

/** git names the commit that a merge takes in by a variable GITHEAD_<id>. */
function mergedCommit({ invocation }: Workspace, head: string | undefined): string | undefined {
  const named = Object.keys(invocation.environment).find(
    (name) => /^GITHEAD_[0-9a-f]{40,64}$/.test(name) && name !== `GITHEAD_${head}`,
  )
  return named?.slice('GITHEAD_'.length)
}

/** The header must say what the path says, else git's rename detection brought an edit to the wrong file. Answers its key fields. */
function checkPlace(workspace: Workspace, input: DriverInput, ours: string): readonly string[] {
  if (ours === '') return []
  const { header } = parseRecordsFile(ours, input.path)
  const [source, , file] = input.path.slice(workspace.config.exports.length + 1).split('/')
  if (header.source === source && `${header.bucket}.jsonl` === file) return header.key
  throw new DamagedError({ path: input.path, line: 1 }, `the header names ${header.source}/${header.bucket}.jsonl`)
}

/** Rules as configured; those of a source that this configuration does not know are plain. */
export function rulesOf(
  workspace: Workspace,
  header: RecordsFile['header'],
  schema: CollectionSchema | undefined,
): MergeRules {
  const source = workspace.config.sources.find(({ name }) => name === header.source)
  return source === undefined || schema === undefined ? plainRules(header) : rulesFor(source, schema)
}

/** The schema in the `collection.json` beside a records file, at a commit. */
export async function schemaBeside(
  repository: Repository,
  file: string,
  commit = 'HEAD',
): Promise<CollectionSchema | undefined> {
  const beside = `${path.posix.dirname(file)}/collection.json`
  const text = await repository.git(['cat-file', 'blob', `${commit}:${beside}`], { answers: [128] })
  return text === '' ? undefined : parseCollectionFile(text, beside).schema
}

async function freshFields(repository: Repository, file: string, commits: MergeStamps['commits']): Promise<string[]> {
  if (commits === undefined) return []
  const schemas: ({ readonly schema: CollectionSchema } | undefined)[] = []
  for (const commit of commits) {
    const schema = await schemaBeside(repository, file, commit)
    schemas.push(schema === undefined ? undefined : { schema })
  }
  return newFields(schemas[0], schemas.slice(1))
}

interface MergeStamps extends SideStamps {
  /** Fork, ours, theirs; undefined where git does not tell. */
  readonly commits: readonly [string, string, string] | undefined
  readonly isRebase: boolean
}

/** Who wrote each record of the file last on each side. git names theirs in GITHEAD_<id>; in a rebase or cherry-pick, in REBASE_HEAD or CHERRY_PICK_HEAD. */
async function stampsOfMerge(workspace: Workspace, file: string, key: readonly string[]): Promise<MergeStamps> {
  const { repository } = workspace
  const head = (await readHead(repository)).commit ?? ''
  const named = mergedCommit(workspace, head)
  const theirs = named ?? (await pickedCommit(repository))
  const isRebase = named === undefined
  if (theirs === undefined) return { isRebase, commits: undefined, ours: () => NO_WRITER, theirs: () => NO_WRITER }
  const since = isRebase ? [`${theirs}^`] : await mergeBases(repository, head, theirs)
  return {
    isRebase,
    commits: since[0] === undefined ? undefined : [since[0], head, theirs],
    ours: await lastWrites(repository, { range: [head, '--not', ...since], place: file, key }),
    theirs: await lastWrites(repository, { range: [theirs, '--not', ...since], place: file, key }),
  }
}

async function pickedCommit(repository: Repository): Promise<string | undefined> {
  for (const ref of ['REBASE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD']) {
    const id = await repository.git(['rev-parse', '--verify', '--quiet', ref], { answers: [1] })
    if (id !== '') return id
  }
  return undefined
}

/** In a rebase ours is upstream: published, perhaps applied elsewhere. Its record keeps a number that both took. */
function upstreamKeeps(merge: FileMerge, ours: string): string {
  if (merge.collisions.every(({ keptSide }) => keptSide === 'ours')) return merge.text
  const upstream = parseRecordsFile(ours, 'ours')
  const merged = new Map(merge.merged)
  for (const { key } of merge.collisions) merged.set(key, upstream.records.get(key) ?? '')
  return recordsFileText(upstream.header, merged)
}
