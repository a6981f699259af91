/** `tandem resolve`: merges what git left in conflict below the exports folder (no driver, modify/delete, add/add), from the index's stages, and stages the result. */
import path from 'node:path'
import { parseCollectionFile, structureText } from '../export/collection-file.ts'
import { commitAt, isAncestor, mergeBases } from '../git/history.ts'
import { readHead } from '../git/head.ts'
import { readBlobs } from '../git/objects.ts'
import { conflictedPaths, type TreeEntry } from '../git/tree.ts'
import { writeByWayOf } from '../io/atomic-write.ts'
import { DamagedError } from '../model/errors.ts'
import { mergeQuarantine } from '../export/quarantine-file.ts'
import { parseRecordsFile } from '../export/records-file.ts'
import { lastWrites, NO_WRITER, type SideStamps } from './record-stamps.ts'
import { mergeFiles } from './merge-files.ts'
import { mergeByHistory, rulesOf, schemaBeside } from './merge-driver.ts'
import { readCommitted, readRecords } from './committed.ts'
import { mergeRelaid, type Meeting, type RelaidCollection } from './resolve-layouts.ts'
import { separateMoved } from './resolve-moved.ts'
import type { Workspace } from './workspace.ts'

export interface Resolved {
  readonly path: string
  /** Values that lost by a rule. */
  readonly decisions: number
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
  const meeting = await meetingOf(workspace)
  const relaid = meeting === undefined ? [] : await relaidCollections(workspace, conflicted, meeting)
  for (const { folder, files, decisions } of relaid) {
    resolved.push({ path: folder, decisions })
    if (!invocation.dryRun) for (const [file, text] of files) await stage(workspace, file, text)
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
  meeting: Meeting & { readonly isConcluded: boolean },
): Promise<RelaidCollection[]> {
  const paths = [...conflicted.keys()]
  const found = await separateMoved(workspace, conflicted, meeting)
  for (const { name: source } of workspace.config.sources)
    for (const relaid of await mergeRelaid(workspace, source, meeting))
      if (found.some(({ folder }) => folder === relaid.folder)) continue
      else if (meeting.isConcluded ? await isBroken(workspace, source, relaid) : isNamed(relaid, paths))
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
async function meetingOf(workspace: Workspace): Promise<(Meeting & { readonly isConcluded: boolean }) | undefined> {
  const { repository } = workspace
  const head = (await readHead(repository)).commit
  if (head === undefined) return undefined
  const theirs = await theirHead(workspace)
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
  return (await repository.git(['rev-parse', '--verify', '--quiet', 'MERGE_HEAD'], { answers: [1] })) || undefined
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
  const theirs = await theirHead(workspace)
  if (theirs === undefined) return () => Promise.resolve({ ours: () => NO_WRITER, theirs: () => NO_WRITER })
  const since = await mergeBases(repository, head, theirs)
  return async (place, key) => ({
    ours: await lastWrites(repository, { range: [head, '--not', ...since], place, key }),
    theirs: await lastWrites(repository, { range: [theirs, '--not', ...since], place, key }),
  })
}

async function theirHead(workspace: Workspace): Promise<string | undefined> {
  for (const ref of ['MERGE_HEAD', 'REBASE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD']) {
    const id = await workspace.repository.git(['rev-parse', '--verify', '--quiet', ref], { answers: [1] })
    if (id !== '') return id
  }
  return undefined
}

async function stage(workspace: Workspace, file: string, text: string): Promise<void> {
  await writeByWayOf(workspace.dataDir, path.join(workspace.repository.root, file), { content: text })
  await workspace.repository.git(['add', '--', `:(top,literal)${file}`])
}
