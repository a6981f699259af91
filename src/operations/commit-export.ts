/** Makes one data commit of the planned exports of all sources, and moves the sync points to it. Order: candidate into the databases, commit, ref, sync points. */
import { spawn } from 'node:child_process'
import { bringAlong, buildTree, commitTree } from '../git/data-commit.ts'
import { openGraph } from '../git/graph.ts'
import { readBlobs } from '../git/objects.ts'
import { filesAt } from '../git/tree.ts'
import { removeWaiting, waitingFiles } from '../git/waiting.ts'
import { logLine } from '../io/log.ts'
import { filesDigest, readCommitted } from './committed.ts'
import { summaryOf } from './commit-summary.ts'
import { acceptedBy, heldNames, messageOf } from './data-message.ts'
import { forgetWaiting, joinedBase } from './waiting-merge.ts'
import { keepPoints } from './keep-points.ts'
import { refuseForeign } from './foreign.ts'
import { templateText } from './package-files.ts'
import type { ExportPlan } from './plan-export.ts'
import type { Source } from './source.ts'
import { givenUp, keepStaged, ownStaged, rememberStaged, stageOwn } from './staged.ts'
import { expectedPending } from './quarantine/pending.ts'
import { committedPending, quarantineWrites } from './quarantine/files.ts'
import { candidateEntry, expectedEntries, pointEntry, readSyncState } from './sync-state.ts'
import { markReplaceable, replaceable } from './unpublished.ts'
import type { Workspace } from './workspace.ts'

/** A source with what is to be exported of it. */
export interface PlannedSource {
  readonly source: Source
  readonly plan: ExportPlan
}

export interface CommitOptions {
  readonly head: { readonly commit: string; readonly ref: string }
  readonly acceptClock: boolean
  /** HEAD may be replaced if it is a data commit that nobody has seen; never while a push is sending it. */
  readonly replace?: boolean
}

export interface ExportCommit {
  readonly commit: string
  /** The commit it stands on: the user's. */
  readonly parent: string
  /** `app +5 ~2 -0`, one for each source. */
  readonly summary: string
}

/**
 * Commits what the plans write, and waiting reports; undefined when there is nothing to commit.
 * @throws GuardError when the clocks are too far apart, or the exports hold somebody else's changes; LockedError when the index is in use
 */
export async function commitExports(
  workspace: Workspace,
  planned: readonly PlannedSource[],
  options: CommitOptions,
): Promise<ExportCommit | undefined> {
  const { repository } = workspace
  const { head } = options
  const names = planned.map(({ plan }) => plan.source)
  const base = await joinedBase(workspace, names, head.commit)
  const writes = await allWrites(workspace, planned, head.commit)
  const given = await givenUp(workspace, { head: head.commit, writes, sources: names })
  const graph = openGraph(repository)
  const accepted = await acceptedBy(planned, { graph, parent: base })
  if (writes.size === 0 && base === head.commit && accepted.length === 0) {
    if (given.size > 0) await stageOwn(workspace, { head: head.commit, writes: given })
    await movePoints(planned, head.commit)
    return undefined
  }
  for (const [file, bytes] of given) writes.set(file, bytes)
  const parent = (options.replace && base === head.commit ? await replaceable(workspace, base) : undefined) ?? base
  const built = await buildTree(repository, base, writes)
  const changed =
    base === head.commit ? { files: built.files, writes } : await changesFrom(workspace, head.commit, built.tree)
  await refuseForeign(workspace, { head: head.commit, files: changed.files.keys(), sources: names })
  const summary = await summaryOf(planned, { parent, tree: built.tree, replaced: parent !== head.commit })
  const held = heldNames(workspace, new Map(planned.map(({ plan }) => [plan.source, plan.holds.keys()])))
  const message = await messageOf(workspace, {
    ...options,
    graph,
    parent,
    summary,
    held,
    accepted: parent === base ? accepted : [],
    isFirst: await isFirstOf(workspace, names, parent),
  })
  for (const { source, plan } of planned) await storeCandidate(source, plan, { tree: built.tree, head: head.commit })
  const isEmpty = writes.size === 0 && accepted.length === 0
  const commit = isEmpty ? base : await commitTree(repository, built.tree, { parents: [parent], message })
  const staged = await ownStaged(workspace)
  await rememberStaged(workspace, changed.files)
  const made = { tree: built.tree, files: changed.files, commit }
  await bringAlong(repository, made, { ref: head.ref, from: head.commit, writes: changed.writes, staged })
  await afterwards(workspace, planned, { commit, files: [...writes.keys()], mayBeReplaced: options.replace === true })
  await logLine(workspace.dataDir, workspace.invocation.nowMs(), `data commit ${commit} on ${parent}: ${summary}`)
  return { commit, parent, summary }
}

/** True when a commit holds no exports of these sources. */
async function isFirstOf(
  { repository, config }: Workspace,
  sources: readonly string[],
  commit: string,
): Promise<boolean> {
  for (const source of sources)
    if ((await filesAt(repository, commit, `${config.exports}/${source}`)).size > 0) return false
  return true
}

/** Every file in which a tree differs from HEAD below the exports. */
async function changesFrom(
  { repository, config }: Workspace,
  head: string,
  tree: string,
): Promise<{ readonly files: Map<string, string | undefined>; readonly writes: Map<string, Buffer | undefined> }> {
  const [before, after] = [
    await filesAt(repository, head, config.exports),
    await filesAt(repository, tree, config.exports),
  ]
  const files = new Map<string, string | undefined>()
  for (const [file, { id }] of after) if (before.get(file)?.id !== id) files.set(file, id)
  for (const file of before.keys()) if (!after.has(file)) files.set(file, undefined)
  const blobs = await readBlobs(
    repository,
    [...files.values()].filter((id) => id !== undefined),
  )
  return {
    files,
    writes: new Map([...files].map(([file, id]) => [file, id === undefined ? undefined : blobs.get(id)])),
  }
}

/** Files of all plans, quarantined records, reports that wait, and the attributes if HEAD lacks them. A waiting report alone justifies a commit; attributes alone do not. */
async function allWrites(
  workspace: Workspace,
  planned: readonly PlannedSource[],
  head: string,
): Promise<Map<string, Buffer | undefined>> {
  const { repository, config } = workspace
  const writes = new Map<string, Buffer | undefined>(
    planned.flatMap(({ plan }) => plan.collections.flatMap(({ writes: files }) => [...files])),
  )
  for (const { source } of planned)
    for (const [file, bytes] of await quarantineWrites(source, head, await source.adapter.readState()))
      writes.set(file, bytes)
  const waiting = await waitingFiles(repository)
  const blobs = await readBlobs(
    repository,
    [...waiting.values()].map(({ id }) => id),
  )
  const committed = await filesAt(repository, head, config.exports)
  for (const [file, { id }] of waiting) if (committed.get(file)?.id !== id) writes.set(file, blobs.get(id))
  const attributes = `${config.exports}/.gitattributes`
  if (writes.size > 0 && !committed.has(attributes))
    writes.set(attributes, Buffer.from(await templateText('exports.gitattributes')))
  return writes
}

/** Remembers in the database what is about to be committed, by `tree`, which HEAD does not have yet. */
export async function storeCandidate(
  source: Source,
  plan: ExportPlan,
  at: { readonly tree: string; readonly head: string },
): Promise<void> {
  const state = await source.adapter.readState()
  const committed = await readCommitted(source, at.tree)
  const files = plan.collections.flatMap(({ name }) => {
    const collection = committed.get(name)
    return collection === undefined ? [] : [[name, filesDigest(collection)] as const]
  })
  const candidate = { ...at, collections: plan.collections.map(({ name }) => name), files: Object.fromEntries(files) }
  await source.adapter.writeState(new Map([candidateEntry(candidate)]), expectedEntries(state, []))
}

/** The ref has moved: now the databases may say so. */
async function afterwards(
  workspace: Workspace,
  planned: readonly PlannedSource[],
  made: { readonly commit: string; readonly files: readonly string[]; readonly mayBeReplaced: boolean },
): Promise<void> {
  await movePoints(planned, made.commit)
  for (const { source } of planned) await forgetWaiting(workspace, source.source)
  for (const { source } of planned) await keepPoints(source, made.commit)
  await removeWaiting(workspace.repository, made.files)
  startMaintenance(workspace)
  await keepStaged(workspace, made.commit)
  if (made.mayBeReplaced) await markReplaceable(workspace, made.commit)
}

/** Plumbing and push never pack; loose objects would pile up. Runs by itself, when git finds it worth while. */
function startMaintenance(workspace: Workspace): void {
  const { cwd, environment } = workspace.repository.place
  const options = { cwd, env: { ...environment }, detached: true, stdio: 'ignore' as const }
  const child = spawn('git', ['maintenance', 'run', '--auto', '--quiet'], options)
  child.on('error', () => undefined) // an older git has no maintenance; its gc runs at the next commit
  child.unref()
}

/** Moves the sync points of the exported collections, where they are not there yet. */
async function movePoints(planned: readonly PlannedSource[], commit: string): Promise<void> {
  for (const { source, plan } of planned) {
    const state = await source.adapter.readState()
    const { points, candidate } = readSyncState(state)
    const names = plan.collections.map(({ name }) => name).filter((name) => points.get(name)?.commit !== commit)
    const changes = new Map<string, string | undefined>(candidate === undefined ? [] : [candidateEntry(undefined)])
    for (const name of names) changes.set(...pointEntry(name, points.get(name), commit))
    const pending = await committedPending(source, commit, state)
    if (pending !== undefined) changes.set(...pending)
    const expected = new Map([...expectedEntries(state, names), expectedPending(state)])
    if (changes.size > 0) await source.adapter.writeState(changes, expected)
  }
}
