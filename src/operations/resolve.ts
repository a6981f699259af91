/** `tandem resolve`: merges what git left in conflict below the exports folder (no driver, modify/delete, add/add), from the index's stages, and stages the result. */
import path from 'node:path'
import { mergeByHistory } from '../conflicts/by-history.ts'
import { type CommitsToMerge, type RelaidCollection, mergeRelaid } from '../conflicts/layouts.ts'
import { separateMoved } from '../conflicts/renames.ts'
import { rulesOf, schemaBeside } from '../conflicts/rules.ts'
import { mergeFiles } from '../conflicts/three-way.ts'
import { readCommitted, readRecords } from '../exports/committed.ts'
import { parseCollectionFile, structureText } from '../format/collection-file.ts'
import { mergeQuarantine } from '../format/quarantine-file.ts'
import { parseRecordsFile } from '../format/records-file.ts'
import { commitBeingMerged, readHead } from '../git/head.ts'
import { commitAt, isAncestor, mergeBases } from '../git/history/commits.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import { type TreeEntry, conflictedPaths } from '../git/objects/tree.ts'
import { NO_WRITER, type SideStamps, lastWrites } from '../history/writers.ts'
import { writeByWayOf } from '../io/atomic-write.ts'
import { DamagedError } from '../model/errors.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface Resolved {
  readonly path: string
  /** Values that lost by a rule. */
  readonly decisions: number
  /** The folder that has its records now, if it was renamed. */
  readonly into?: string
}

export interface ResolveResult {
  readonly resolved: readonly Resolved[]
  /** Paths that a person has to decide, and why. */
  readonly left: readonly { readonly path: string; readonly reason: string }[]
}

/** @throws DamagedError when a side is damaged */
export async function resolveConflicts(workspace: Workspace): Promise<ResolveResult> {
  const { repository, config, invocation } = workspace
  const conflicted = await conflictedPaths(repository, config.exports)
  const resolved: Resolved[] = []
  const left: { path: string; reason: string }[] = []
  const commits = await meetingOf(workspace)
  const relaid = commits === undefined ? [] : await relaidCollections(workspace, conflicted, commits)
  for (const { folder, files, decisions, into } of relaid) {
    resolved.push({ path: folder, decisions, ...(into !== undefined && { into }) })
    if (!invocation.dryRun) await stageAll(workspace, files)
  }
  const stamps = await stampsOf(workspace)
  for (const [file, stages] of conflicted) {
    if (relaid.some(({ folder }) => file.startsWith(`${folder}/`))) continue
    const outcome = await resolveOne(workspace, file, { texts: await textsOf(workspace, file, stages), stamps })
    if (typeof outcome === 'string') {
      left.push({ path: file, reason: outcome })
      continue
    }
    resolved.push({ path: file, decisions: outcome.decisions })
    if (!invocation.dryRun) await stage(workspace, file, outcome.text)
  }
  return { resolved, left }
}

/**
 * Collections that git's rename detection mixed, each in its own folder; and those whose sides are in different layouts, merged whole: those in conflict, or, after a
 * merge that git's text merge let through, those that HEAD cannot be read of any more.
 */
async function relaidCollections(
  workspace: Workspace,
  conflicted: ReadonlyMap<string, ReadonlyMap<number, TreeEntry>>,
  commits: CommitsToMerge & { readonly isConcluded: boolean },
): Promise<RelaidCollection[]> {
  const paths = [...conflicted.keys()]
  const found = await separateMoved(workspace, conflicted, commits)
  for (const { name: source } of workspace.config.sources)
    for (const relaid of await mergeRelaid(workspace, source, commits))
      if (found.some(({ folder }) => folder === relaid.folder)) continue
      else if (commits.isConcluded ? await isBroken(workspace, source, relaid) : isNamed(relaid, paths))
        found.push(relaid)
  return found
}

function isNamed({ folder }: RelaidCollection, paths: readonly string[]): boolean {
  return paths.some((file) => file.startsWith(`${folder}/`))
}

/** True when HEAD's files of the collection do not fit together. */
async function isBroken(workspace: Workspace, source: string, { folder }: RelaidCollection): Promise<boolean> {
  const place = { repository: workspace.repository, exportsFolder: workspace.config.exports, source }
  const committed = [...(await readCommitted(place, 'HEAD')).values()].find((each) => each.folder === folder)
  return readRecords(place, committed).then(
    () => false,
    (error: unknown) => error instanceof DamagedError,
  )
}

/** The merge that waits for its commit, else the one that HEAD is. */
async function meetingOf(
  workspace: Workspace,
): Promise<(CommitsToMerge & { readonly isConcluded: boolean }) | undefined> {
  const { repository } = workspace
  const head = (await readHead(repository)).commit
  if (head === undefined) return undefined
  const theirs = (await commitBeingMerged(repository))?.id
  const commit = await commitAt(repository, head)
  const [first, second] = commit.parents
  const isConcluded = theirs === undefined || (await isAncestor(repository, theirs, head))
  const sides = isConcluded ? [first, second] : [head, theirs]
  if (sides[0] === undefined || sides[1] === undefined) return undefined
  const [fork] = await mergeBases(repository, sides[0], sides[1])
  return fork === undefined ? undefined : { fork, ours: sides[0], theirs: sides[1], isConcluded }
}

interface Texts {
  readonly base: string
  readonly ours: string
  readonly theirs: string
}

async function textsOf(workspace: Workspace, file: string, stages: ReadonlyMap<number, TreeEntry>): Promise<Texts> {
  for (const { mode } of stages.values())
    if (mode !== '100644') throw new DamagedError({ path: file }, `git mode ${mode}: not a plain file`)
  const blobs = await readBlobs(
    workspace.repository,
    [...stages.values()].map(({ id }) => id),
  )
  const text = (number: number): string => blobs.get(stages.get(number)?.id ?? '')?.toString() ?? ''
  return { base: text(1), ours: text(2), theirs: text(3) }
}

type Stamps = (file: string, key: readonly string[]) => Promise<SideStamps>

async function resolveOne(
  workspace: Workspace,
  file: string,
  at: { readonly texts: Texts; readonly stamps: Stamps },
): Promise<{ text: string; decisions: number } | string> {
  const { base, ours, theirs } = at.texts
  // an absent file never means "delete everything": the side that still has it decides
  if (ours === '' || theirs === '') return { text: ours === '' ? theirs : ours, decisions: 0 }
  if (file.startsWith(`${workspace.config.exports}/quarantine/`))
    return { text: mergeQuarantine(at.texts, file), decisions: 0 }
  if (file.endsWith('/collection.json')) return resolveStructure(file, ours, theirs)
  if (!file.endsWith('.jsonl')) return 'no records file; resolve it as any other file'
  const schema = await schemaBeside(workspace.repository, file)
  const commits = { ours: (await readHead(workspace.repository)).commit, theirs: await mergeHead(workspace) }
  const byHistory = await mergeByHistory(workspace, file, { commits, texts: { ours, theirs }, schema })
  if (byHistory !== undefined) return { text: byHistory.text, decisions: byHistory.decisions.length }
  const stamps = await at.stamps(file, parseRecordsFile(ours, `${file} (ours)`).header.key)
  const merge = mergeFiles({
    base: { path: `${file} (base)`, text: base },
    ours: { path: `${file} (ours)`, text: ours },
    theirs: { path: `${file} (theirs)`, text: theirs },
    rulesFor: (header) => rulesOf(workspace, header, schema),
    stamps: () => (key) => ({ ours: stamps.ours(key), theirs: stamps.theirs(key) }),
  })
  return { text: merge.text, decisions: merge.decisions.length }
}

async function mergeHead({ repository }: Workspace): Promise<string | undefined> {
  const incoming = await commitBeingMerged(repository)
  return incoming?.by === 'merge' ? incoming.id : undefined
}

function resolveStructure(file: string, ours: string, theirs: string): { text: string; decisions: number } | string {
  const [a, b] = [parseCollectionFile(ours, file), parseCollectionFile(theirs, file)]
  if (structureText(a.schema) !== structureText(b.schema))
    return 'both sides changed the structure; take the one that both databases will have (git checkout --ours or --theirs)'
  return ours === theirs
    ? { text: ours, decisions: 0 }
    : 'the sides use different layouts; take theirs, then tandem export --relayout'
}

/** Last writers of both sides since they parted. */
async function stampsOf(workspace: Workspace): Promise<Stamps> {
  const { repository } = workspace
  const head = (await readHead(repository)).commit ?? ''
  const theirs = (await commitBeingMerged(repository))?.id
  if (theirs === undefined) return () => Promise.resolve({ ours: () => NO_WRITER, theirs: () => NO_WRITER })
  const since = await mergeBases(repository, head, theirs)
  return async (place, key) => ({
    ours: await lastWrites(repository, { range: [head, '--not', ...since], place, key }),
    theirs: await lastWrites(repository, { range: [theirs, '--not', ...since], place, key }),
  })
}

async function stageAll(workspace: Workspace, files: RelaidCollection['files']): Promise<void> {
  const removed: string[] = []
  for (const [file, text] of files)
    if (text === undefined) removed.push(file)
    else await stage(workspace, file, text)
  if (removed.length === 0) return
  // git may have written some of them under this name and some under another
  const args = ['rm', '-q', '-f', '--ignore-unmatch', '--pathspec-from-file=-', '--pathspec-file-nul']
  await workspace.repository.git(args, { input: removed.map((file) => `:(top,literal)${file}\0`).join('') })
}

async function stage(workspace: Workspace, file: string, text: string): Promise<void> {
  await writeByWayOf(workspace.dataDir, path.join(workspace.repository.root, file), { content: text })
  await workspace.repository.git(['add', '--', `:(top,literal)${file}`])
}
