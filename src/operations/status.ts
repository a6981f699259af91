/** `tandem status`: what the next export and apply would do, source by source. Plans only; nothing is written. */
import { DamagedError } from '../model/errors.ts'
import { carryingHead } from './carrying.ts'
import { readCommitted, type CommittedCollection } from './committed.ts'
import { readForgotten } from './forgotten.ts'
import { readHeld } from './holds.ts'
import { readLive, type Live } from './live.ts'
import { planExport, type ChangeCount, type ExportOptions } from './plan-export.ts'
import { undoneOf, type Undone } from './safety/marks.ts'
import { heldByUndo } from './safety/undone.ts'
import { quarantineOf } from './quarantine/files.ts'
import { planReconciliation } from './finish-plan.ts'
import type { Source } from './source.ts'
import { withSources, type Only, type SourceFailure } from './sources.ts'
import type { Workspace } from './workspace.ts'

export type SourceState = 'in-sync' | 'export-needed' | 'apply-needed' | 'diverged' | 'held' | 'unreachable' | 'damaged'

export interface CollectionStatus {
  readonly state: SourceState
  readonly reason?: string
  /** ISO time since when it is held. */
  readonly since?: string
  readonly toExport?: ChangeCount
  /** Records of live that an apply would change. */
  readonly toApply?: number
}

export interface SourceStatus {
  readonly name: string
  readonly state: SourceState
  readonly reason?: string
  /** ISO time since when all of it is held. */
  readonly since?: string
  readonly records?: number
  readonly toExport?: ChangeCount
  readonly toApply?: number
  /** Records in quarantine. */
  readonly quarantined?: number
  readonly collections: Readonly<Record<string, CollectionStatus>>
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
  return { name: source, state, reason: error.message, collections: {} }
}

async function statusOf(workspace: Workspace, source: Source, head: string | undefined): Promise<SourceStatus> {
  const keyed = [...source.selections].filter(([, { schema }]) => schema.key.length > 0).map(([name]) => name)
  const live = await readLive(source, keyed)
  const undone = undoneOf(live.state, source.source)
  if (undone !== undefined) return undoneStatus(workspace, source.source, undone)
  const records = [...live.collections.values()].reduce((sum, each) => sum + each.size, 0)
  if (head === undefined) return { name: source.source, state: 'in-sync', records, collections: {} }
  const plan = await planReconciliation(workspace, source, { head, allowed: new Map(), refused: new Map() })
  const exported = await planAgainstBase(source, live, {
    head,
    held: plan.holds,
    forgotten: await readForgotten(workspace),
  })
  const applies = new Map(plan.outcomes.map(({ name, changes }) => [name, changes.length]))
  const exports = new Map(exported.collections.map(({ name, count, writes }) => [name, { count, files: writes.size }]))
  const held = await readHeld(workspace.dataDir)
  const collections: Record<string, CollectionStatus> = {}
  for (const name of new Set([...keyed, ...exported.holds.keys(), ...applies.keys()])) {
    const reason = exported.holds.get(name)
    const since = held[`${source.source}/${name}`]?.since ?? workspace.invocation.nowMs()
    collections[name] =
      reason === undefined
        ? collectionState(exports.get(name), applies.get(name) ?? 0)
        : { state: 'held', reason, since: new Date(since).toISOString() }
  }
  const quarantined = (await quarantineOf(source, head, live.state)).length
  return { name: source.source, records, quarantined, ...totalOf(collections), collections }
}

/** Held as a whole: neither applied nor exported. */
function undoneStatus(workspace: Workspace, name: string, undone: Undone): SourceStatus {
  const { message, hint } = heldByUndo(workspace, name, undone)
  return { name, state: 'held', reason: `${message}; ${hint}`, since: undone.since, collections: {} }
}

/** What live changed since the sync point, whatever HEAD has become since. */
async function planAgainstBase(
  source: Source,
  live: Live,
  at: { readonly head: string } & Pick<ExportOptions, 'held' | 'forgotten'>,
): ReturnType<typeof planExport> {
  const head = await readCommitted(source, at.head)
  const bases = new Map<string, CommittedCollection>()
  for (const [name, { commit }] of live.sync.points) {
    const base = await readCommitted(source, commit).catch(() => head)
    const collection = base.get(name)
    if (collection !== undefined) bases.set(name, collection)
  }
  return planExport(source, {
    live,
    head: new Map([...head, ...bases]),
    base: (name) => Promise.resolve(bases.get(name)),
    held: at.held,
    forgotten: at.forgotten,
    allowed: new Map(),
    relayout: false,
  })
}

function collectionState(
  exported: { readonly count: ChangeCount; readonly files: number } | undefined,
  toApply: number,
): CollectionStatus {
  const toExport = exported?.count ?? { added: 0, changed: 0, removed: 0 }
  const exports = (exported?.files ?? 0) > 0
  const state =
    exports && toApply > 0 ? 'diverged' : exports ? 'export-needed' : toApply > 0 ? 'apply-needed' : 'in-sync'
  return { state, toExport, toApply }
}

function totalOf(
  collections: Readonly<Record<string, CollectionStatus>>,
): Pick<SourceStatus, 'state' | 'toExport' | 'toApply'> & { readonly reason?: string } {
  const toExport = { added: 0, changed: 0, removed: 0 }
  let toApply = 0
  const states = new Set<SourceState>()
  let held: string | undefined
  for (const [name, each] of Object.entries(collections)) {
    states.add(each.state)
    if (each.state === 'held') held ??= `${name}: ${each.reason}`
    toApply += each.toApply ?? 0
    toExport.added += each.toExport?.added ?? 0
    toExport.changed += each.toExport?.changed ?? 0
    toExport.removed += each.toExport?.removed ?? 0
  }
  if (held !== undefined) return { state: 'held', reason: held, toExport, toApply }
  const exports = states.has('export-needed') || states.has('diverged')
  const applies = states.has('apply-needed') || states.has('diverged')
  const state = exports && applies ? 'diverged' : exports ? 'export-needed' : applies ? 'apply-needed' : 'in-sync'
  return { state, toExport, toApply }
}
