/** The only way in which records of a live database are changed: first a safety snapshot of the collections concerned is taken, then the plan is applied and the snapshot's name stored in the database with it. */
import { randomUUID } from 'node:crypto'
import { type Committed, readCommitted } from '../exports/committed.ts'
import { readHead } from '../git/head.ts'
import { dropSafety, storeSafety } from '../git/safety.ts'
import { type ApplyOutcome, type ApplyPlan, type ChangeCount, type StateChanges, countOf } from '../model/change.ts'
import type { Records } from '../model/records.ts'
import { readLive } from '../source/live.ts'
import type { Source } from '../source/source.ts'
import { readSyncState } from '../source/sync-state.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { expectedMarks, takenEntry, undoneOf } from './marks.ts'
import { type Endangered, type LoadedCollection, addLoaded, snapshotFiles } from './snapshot-files.ts'
import { type SafetyInfo, type SafetyKind, messageOf, safetyName, safetySnapshots } from './snapshot.ts'

/** The number of snapshots kept for each source. Older ones are removed, except those that a held undo needs. */
const KEPT = 20

export interface SafeApply {
  readonly kind: SafetyKind
  readonly plan: ApplyPlan
  /** The live records from which the plan was made, by collection. A collection that the plan changes and that is missing here is read. */
  readonly before: ReadonlyMap<string, Records>
  /** What fills the tables of `plan.loads`, in their order. */
  readonly loaded?: readonly LoadedCollection[]
  /** The tool's state from the same moment as `before`. */
  readonly state: ReadonlyMap<string, string>
  readonly unwound?: UndoOrRedo
}

/** An undo or a redo. */
export interface UndoOrRedo {
  /** Names of the snapshots whose applies are taken back or made again. */
  readonly of: readonly string[]
  /** More state to store with the apply; called with the name of the new snapshot. */
  readonly more?: (snapshot: string) => StateChanges
}

/**
 * Takes a safety snapshot and applies a plan. A plan without record changes is applied without a snapshot. Returns the adapter's outcome.
 * @throws UndoneError, UnreachableError as the adapter does; DamagedError or GitError when the snapshot cannot be taken
 */
export async function applySafely(workspace: Workspace, source: Source, apply: SafeApply): Promise<ApplyOutcome> {
  const { plan } = apply
  const { loaded = [] } = apply
  if (loaded.length === 0 && plan.collections.every(({ changes }) => changes.length === 0))
    return source.adapter.apply(plan)
  const name = await takeSafety(workspace, source, { ...apply, endangered: await endangered(source, apply) })
  const outcome = await source.adapter.apply({
    ...plan,
    state: new Map([
      ...plan.state,
      takenEntry(apply.state, source.source, name),
      ...(apply.unwound?.more?.(name) ?? new Map<string, string>()),
    ]),
    expectedState: new Map([...plan.expectedState, ...expectedMarks(apply.state, source.source)]),
  })
  // after an error it is not known whether the plan was applied, so the snapshot stays; the state in the database tells later
  if (outcome.status !== 'applied') await dropSafety(source.repository, source.source, name)
  return outcome
}

/** Takes a safety snapshot of these collections, removes snapshots beyond the newest 20, and returns the new one's name. */
export async function takeSafety(
  workspace: Workspace,
  source: Source,
  taken: Pick<SafeApply, 'kind' | 'state' | 'unwound' | 'loaded'> & { readonly endangered: readonly Endangered[] },
): Promise<string> {
  const { repository, invocation } = workspace
  const { points } = readSyncState(taken.state)
  const head = (await readHead(repository)).commit
  const { loaded = [] } = taken
  const before = await safetySnapshots(repository, source.source)
  const names = before.map((each) => each.name)
  const ms = invocation.nowMs()
  const name = safetyName({ ms, id: randomUUID(), before: names })
  const info: SafetyInfo = {
    kind: taken.kind,
    time: new Date(ms).toISOString(),
    asset: workspace.asset,
    head,
    exports: source.exportsFolder,
    points: Object.fromEntries([...points].map(([collection, { commit }]) => [collection, commit])),
    count: countTaken(taken.endangered, loaded),
    of: taken.unwound?.of ?? [],
  }
  const files = snapshotFiles(
    source,
    taken.endangered,
    await knownExports(source, [...Object.values(info.points), head]),
  )
  for (const each of loaded) addLoaded(source, each, files)
  const held = new Set(undoneOf(taken.state, source.source)?.snapshots)
  const dropped = names.slice(0, Math.max(0, names.length + 1 - KEPT)).filter((each) => !held.has(each))
  await storeSafety(repository, {
    source: source.source,
    name,
    message: messageOf(source.source, info),
    files,
    dropped,
  })
  return name
}

function countTaken(collections: readonly Endangered[], loaded: readonly LoadedCollection[]): ChangeCount {
  const total = { added: loaded.reduce((sum, { count }) => sum + count, 0), changed: 0, removed: 0 }
  for (const { changes } of collections) {
    const { added, changed, removed } = countOf(changes)
    total.added += added
    total.changed += changed
    total.removed += removed
  }
  return total
}

/** The changes of the plan with all live records of their collections. */
async function endangered(source: Source, { plan, before }: SafeApply): Promise<Endangered[]> {
  const missing = plan.collections.map(({ selection }) => selection.schema.name).filter((name) => !before.has(name))
  const read = missing.length === 0 ? undefined : (await readLive(source, missing)).actual
  return plan.collections.map((collection) => {
    const { name } = collection.selection.schema
    return { ...collection, before: before.get(name) ?? read?.get(name) ?? new Map<string, string>() }
  })
}

/** The exports of these commits, whose blobs git has already. A commit that is damaged or not in this clone counts as empty. */
async function knownExports(source: Source, commits: readonly (string | undefined)[]): Promise<Committed[]> {
  const known: Committed[] = []
  for (const commit of new Set(commits))
    known.push(await readCommitted(source, commit).catch((): Committed => new Map()))
  return known
}
