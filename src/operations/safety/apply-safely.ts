/** The one way in which records of a live database are changed: a safety snapshot of the collections concerned first, then one guarded apply that notes the snapshot inside the database. */
import { randomUUID } from 'node:crypto'
import { readHead } from '../../git/head.ts'
import { dropSafety, storeSafety } from '../../git/safety.ts'
import type { ApplyOutcome, ApplyPlan, Change, StateChanges } from '../../model/change.ts'
import { readCommitted, type Committed } from '../committed.ts'
import { readLive, type Records } from '../live.ts'
import type { ChangeCount } from '../plan-export.ts'
import type { Source } from '../source.ts'
import { readSyncState } from '../sync-state.ts'
import type { Workspace } from '../workspace.ts'
import { expectedMarks, takenEntry, undoneOf } from './marks.ts'
import { messageOf, safetyName, safetySnapshots, type SafetyInfo, type SafetyKind } from './snapshot.ts'
import { snapshotFiles, type Endangered } from './snapshot-files.ts'

/** Older ones are given up, a held undo's apart. */
const KEPT = 20

export interface SafeApply {
  readonly kind: SafetyKind
  readonly plan: ApplyPlan
  /** The live records that the plan was made from, of every collection that changes; one that is missing is read. */
  readonly before: ReadonlyMap<string, Records>
  /** The state texts of the same moment. */
  readonly state: ReadonlyMap<string, string>
  /** Snapshots that an undo takes back, or a redo brings in again. */
  readonly of?: readonly string[]
  /** More state, which needs the snapshot's name. */
  readonly more?: (snapshot: string) => StateChanges
}

/**
 * Performs a plan, its former records kept. A plan without changes needs no snapshot.
 * @throws UndoneError, UnreachableError, as the adapter does
 */
export async function applySafely(workspace: Workspace, source: Source, apply: SafeApply): Promise<ApplyOutcome> {
  const { plan } = apply
  if (plan.collections.every(({ changes }) => changes.length === 0)) return source.adapter.apply(plan)
  const name = await takeSafety(workspace, source, { ...apply, endangered: await endangered(source, apply) })
  const outcome = await source.adapter.apply({
    ...plan,
    state: new Map([
      ...plan.state,
      takenEntry(apply.state, source.source, name),
      ...(apply.more?.(name) ?? new Map<string, string>()),
    ]),
    expectedState: new Map([...plan.expectedState, ...expectedMarks(apply.state, source.source)]),
  })
  // after an error nobody knows whether it was applied: the snapshot stays, and the database tells
  if (outcome.status !== 'applied') await dropSafety(source.repository, source.source, name)
  return outcome
}

/** A snapshot of these collections; answers its name. */
export async function takeSafety(
  workspace: Workspace,
  source: Source,
  taken: Pick<SafeApply, 'kind' | 'state' | 'of'> & { readonly endangered: readonly Endangered[] },
): Promise<string> {
  const { repository, invocation } = workspace
  const { points } = readSyncState(taken.state)
  const head = (await readHead(repository)).commit
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
    count: countOf(taken.endangered.flatMap(({ changes }) => changes)),
    of: taken.of ?? [],
  }
  const files = snapshotFiles(
    source,
    taken.endangered,
    await knownExports(source, [...Object.values(info.points), head]),
  )
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

async function endangered(source: Source, { plan, before }: SafeApply): Promise<Endangered[]> {
  const missing = plan.collections.map(({ selection }) => selection.schema.name).filter((name) => !before.has(name))
  const read = missing.length === 0 ? undefined : (await readLive(source, missing)).actual
  return plan.collections.map((collection) => {
    const { name } = collection.selection.schema
    return { ...collection, before: before.get(name) ?? read?.get(name) ?? new Map<string, string>() }
  })
}

/** Exports whose blobs need not be written again; a commit that is damaged or not here has none. */
async function knownExports(source: Source, commits: readonly (string | undefined)[]): Promise<Committed[]> {
  const known: Committed[] = []
  for (const commit of new Set(commits))
    known.push(await readCommitted(source, commit).catch((): Committed => new Map()))
  return known
}

/** Records added, changed, removed. */
export function countOf(all: readonly Change[]): ChangeCount {
  const changes = all.filter(({ before, after }) => before !== after)
  const added = changes.filter((change) => change.before === undefined).length
  const removed = changes.filter((change) => change.after === undefined).length
  return { added, removed, changed: changes.length - added - removed }
}
