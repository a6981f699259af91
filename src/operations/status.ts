/** `tandem status`: what the next export and apply would do, source by source. Plans only; nothing is written. */
import { NO_CONSENT } from '../model/consent.ts'
import { type Committed, type CommittedCollection, readCommitted } from '../exports/committed.ts'
import type { ChangeCount } from '../model/change.ts'
import { DamagedError } from '../model/errors.ts'
import { planReconciliation } from '../pull/finish-plan.ts'
import { readLiveChanges } from '../push/live-changes.ts'
import { type CollectionExport, planExport } from '../push/plan-export.ts'
import { quarantinedIn } from '../quarantine/list.ts'
import { counted } from '../report/counted.ts'
import { type Undone, undoneOf } from '../safety/marks.ts'
import { heldByUndo } from '../safety/undone.ts'
import { heldMemory } from '../source/holds.ts'
import { type Live, readLive } from '../source/live.ts'
import { withUndeclared } from '../schema/undeclared.ts'
import type { Only } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { readSyncState } from '../source/sync-state.ts'
import { type SourceFailure, withSources } from '../source/sources.ts'
import { lackedHere } from '../source/withheld.ts'
import { withoutName } from '../source/without-name.ts'
import { carryingHead } from '../workspace/carrying.ts'
import { forgottenFields } from '../workspace/forgotten.ts'
import type { Workspace } from '../workspace/workspace.ts'

export type SourceState = 'in-sync' | 'export-needed' | 'apply-needed' | 'diverged' | 'held' | 'unreachable' | 'damaged'

export interface CollectionStatus {
  readonly state: SourceState
  readonly reason?: string
  /** ISO time since when it is held. */
  readonly since?: string
  readonly toExport?: ChangeCount
  /** Records of live that an apply would change. */
  readonly toApply?: number
  /** Records of the exports that this database refuses. */
  readonly withheld?: number
}

export interface SourceStatus {
  readonly name: string
  readonly state: SourceState
  readonly reason?: string
  /** ISO time since when all of it is held. */
  readonly since?: string
  readonly records?: number
  /** HEAD carries no data (detached, another branch, no commit, paused), so `state` says nothing. */
  readonly notCompared?: true
  readonly toExport?: ChangeCount
  readonly toApply?: number
  /** Records in quarantine, those that this database refuses among them. */
  readonly quarantined?: number
  /** Records of the exports that this database refuses. */
  readonly withheld?: number
  readonly collections: Readonly<Record<string, CollectionStatus>>
}

interface Exported {
  readonly count: ChangeCount
  readonly files: number
}

export interface Status {
  /** The carrying branch, or why there is none. */
  readonly branch: string | undefined
  readonly notCarried: string | undefined
  readonly sources: readonly SourceStatus[]
}

/** The state of every source against HEAD. */
export async function status(workspace: Workspace, only: Only | undefined): Promise<Status> {
  const head = await carryingHead(workspace)
  const planning = { ...workspace, invocation: { ...workspace.invocation, dryRun: true } }
  const commit = typeof head === 'string' ? undefined : head.commit
  const sources = await withSources(planning, only, {
    each: (source) => statusOf(planning, source, commit),
    after: async (found, failures) => [...found, ...failures.map(failedStatus)],
  })
  return {
    branch: typeof head === 'string' ? undefined : head.branch,
    notCarried: typeof head === 'string' ? head : undefined,
    sources,
  }
}

function failedStatus({ source, error }: SourceFailure): SourceStatus {
  const state = error.exitCode === 3 ? 'unreachable' : error instanceof DamagedError ? 'damaged' : 'held'
  return { name: source, state, reason: withHint(source, error), collections: {} }
}

/** One line with its next step: status has no second one for it. */
function withHint(source: string, { message, hint }: SourceFailure['error']): string {
  const reason = withoutName(source, message)
  return hint === undefined ? reason : `${reason}; ${hint}`
}

async function statusOf(workspace: Workspace, source: Source, head: string | undefined): Promise<SourceStatus> {
  const names = [...source.selections.keys()]
  const compared = head === undefined ? undefined : await comparedExports(source, head)
  const live = await readLiveNow(workspace, source, compared)
  const undone = undoneOf(live.state, source.source)
  if (undone !== undefined) return undoneStatus(workspace, source.source, undone)
  const records = [...live.actual.values()].reduce((sum, each) => sum + each.size, 0)
  if (head === undefined || compared === undefined) return notCompared(source.source, records)
  const plan = await planReconciliation(workspace, await withUndeclared(source, head), {
    head,
    consent: NO_CONSENT,
    refused: new Map(),
  })
  // what live changed since the sync point, whatever HEAD has become since
  const exported = await planExport(source, {
    live,
    committed: { head: compared.head, base: (name) => Promise.resolve(compared.bases.get(name)) },
    held: plan.holds,
    forgotten: await forgottenFields(workspace).read(),
    consent: NO_CONSENT,
    relayout: false,
  })
  const applies = new Map(plan.outcomes.map(({ name, changes }) => [name, changes.length]))
  const exports = new Map(exported.collections.map((each) => [each.name, movingOf(live, each)]))
  const held = await heldMemory(workspace).read()
  const collections: Record<string, CollectionStatus> = {}
  for (const name of new Set([...names, ...exported.holds.keys(), ...applies.keys()])) {
    const reason = exported.holds.get(name)
    const since = held[`${source.source}/${name}`]?.since ?? workspace.invocation.nowMs()
    const moving = {
      exported: exports.get(name),
      toApply: applies.get(name) ?? 0,
      withheld: withheldOf(source, live, name),
    }
    collections[name] =
      reason === undefined ? collectionState(moving) : { state: 'held', reason, since: new Date(since).toISOString() }
  }
  const quarantined = (await quarantinedIn(source, head, undefined)).length
  return { name: source.source, records, quarantined, ...totalOf(collections), collections }
}

/** Without a commit of a carrying branch there is nothing to compare with. */
function notCompared(name: string, records: number): SourceStatus {
  return { name, state: 'in-sync', records, notCompared: true, collections: {} }
}

/** Held as a whole: neither applied nor exported. */
function undoneStatus(workspace: Workspace, name: string, undone: Undone): SourceStatus {
  const { message, hint } = heldByUndo(workspace, name, undone)
  return { name, state: 'held', reason: `${message}; ${hint}`, since: undone.since, collections: {} }
}

/** What an export of the collection would write. What a database never had, because it has yet to join the exports, is no deletion of its own. */
function movingOf(live: Live, { name, count, writes }: CollectionExport): Exported {
  if (live.sync.points.has(name)) return { count, files: writes.size }
  const here = { ...count, removed: 0 }
  return { count: here, files: here.added + here.changed === 0 && count.removed > 0 ? 0 : writes.size }
}

interface ComparedExports {
  /** The collections at their sync points, and those at HEAD that have none. */
  readonly head: Committed
  readonly bases: Committed
}

async function comparedExports(source: Source, commit: string): Promise<ComparedExports> {
  const head = await readCommitted(source, commit)
  const bases = new Map<string, CommittedCollection>()
  for (const [name, point] of readSyncState(await source.adapter.readState()).points) {
    const base = await readCommitted(source, point.commit).catch(() => head)
    const collection = base.get(name)
    // what neither HEAD nor live has is retired on both sides
    if (collection !== undefined && (head.has(name) || source.selections.has(name))) bases.set(name, collection)
  }
  return { head: new Map([...head, ...bases]), bases }
}

function readLiveNow(workspace: Workspace, source: Source, compared: ComparedExports | undefined): Promise<Live> {
  if (compared === undefined) return readLive(source, source.selections.keys())
  return readLiveChanges(source, { head: compared.head, nowMs: workspace.invocation.nowMs() })
}

function withheldOf(source: Source, live: Live, name: string): number {
  // exports may hold a collection that this database does not have
  if (!source.selections.has(name)) return 0
  return lackedHere(live.actual.get(name) ?? new Map(), live.withheld.get(name), source.rules(name)).size
}

/** Where nothing else is to be done, a collection with withheld records is held: it is not in step with the exports, and no export or apply will bring it there. */
function collectionState({
  exported,
  toApply,
  withheld,
}: {
  readonly exported: Exported | undefined
  readonly toApply: number
  readonly withheld: number
}): CollectionStatus {
  const toExport = exported?.count ?? { added: 0, changed: 0, removed: 0 }
  const exports = (exported?.files ?? 0) > 0
  const state =
    exports && toApply > 0 ? 'diverged' : exports ? 'export-needed' : toApply > 0 ? 'apply-needed' : 'in-sync'
  if (withheld === 0) return { state, toExport, toApply }
  if (state !== 'in-sync') return { state, toExport, toApply, withheld }
  const reason = `this database refuses ${counted(withheld, 'record')} of the exports; tandem quarantine`
  return { state: 'held', reason, toExport, toApply, withheld }
}

function totalOf(
  collections: Readonly<Record<string, CollectionStatus>>,
): Pick<SourceStatus, 'state' | 'toExport' | 'toApply' | 'withheld'> & { readonly reason?: string } {
  const toExport = { added: 0, changed: 0, removed: 0 }
  let toApply = 0
  let refused = 0
  const states = new Set<SourceState>()
  let held: string | undefined
  for (const [name, each] of Object.entries(collections)) {
    states.add(each.state)
    if (each.state === 'held') held ??= `${name}: ${each.reason}`
    toApply += each.toApply ?? 0
    refused += each.withheld ?? 0
    toExport.added += each.toExport?.added ?? 0
    toExport.changed += each.toExport?.changed ?? 0
    toExport.removed += each.toExport?.removed ?? 0
  }
  const withheld = refused > 0 ? { withheld: refused } : {}
  if (held !== undefined) return { state: 'held', reason: held, toExport, toApply, ...withheld }
  const exports = states.has('export-needed') || states.has('diverged')
  const applies = states.has('apply-needed') || states.has('diverged')
  const state = exports && applies ? 'diverged' : exports ? 'export-needed' : applies ? 'apply-needed' : 'in-sync'
  return { state, toExport, toApply, ...withheld }
}
