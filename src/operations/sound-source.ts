/** The merged collections of one source, made sound together: reads what the pure step asks for (tied collections, pasts, writers) and nothing before it asks. Writes nothing. */
import { makeSound, type Sound } from '../merge/constraints/sound.ts'
import type { MergedPart, Past as KnownPast } from '../merge/constraints/draft.ts'
import type { Change } from '../model/change.ts'
import { once } from '../model/once.ts'
import type { Selection } from '../model/collection.ts'
import type { WriterStamp } from '../model/rules.ts'
import { readCommitted, readHeadExports, readRecords, type Committed } from './committed.ts'
import { readLive, type Records } from './live.ts'
import { mergeCommits } from './convergence/commit-merge.ts'
import type { MergeablePast } from './merge-live.ts'
import { junctionsOf, pastOf } from './past.ts'
import type { Source } from './source.ts'
import { textWriters } from './text-writers.ts'
import type { SyncPoint, SyncState } from './sync-state.ts'

/** A collection of the plan: what is live, and what its merge changes. */
export interface PlannedPart {
  readonly past: MergeablePast
  /** With what is withheld as it is meant. */
  readonly live: Records
  readonly actual: Records
  readonly changes: readonly Change[]
}

export interface SoundPlan {
  readonly head: string
  readonly sync: SyncState
  readonly parts: ReadonlyMap<string, PlannedPart>
  /** Collections that must not be touched. */
  readonly held: ReadonlyMap<string, string>
  readonly stampOfLive: (past: MergeablePast) => Promise<WriterStamp>
  /** A first meeting: the records' own times count. */
  readonly join: boolean
}

export interface SoundSource extends Sound {
  /** The plan's parts, and collections that were drawn in. */
  readonly parts: ReadonlyMap<string, PlannedPart>
  /** What the merge knew of one of them, whole; read once. */
  readonly pastOf: (name: string) => Promise<KnownPast | undefined>
  /** Its records on the lines of history that HEAD unites, where the past has any. */
  readonly linesOf: (name: string) => Promise<readonly Records[]>
}

/** Asks again with what was needed until nothing more is. @throws DamagedError when an export that has to be read is damaged */
export async function soundSource(source: Source, plan: SoundPlan): Promise<SoundSource> {
  const parts = new Map(plan.parts)
  const pasts = new Map<string, KnownPast>()
  const pastOfPart = once(async (name: string) => {
    const part = parts.get(name)
    return part === undefined ? undefined : knownPast(source, plan, { name, part })
  })
  const linesOf = once(async (name: string) => lineRecords(source, name, parts.get(name)?.past))
  const taking = [...source.selections].filter(([name, { schema }]) => !plan.held.has(name) && schema.key.length > 0)
  const schemas = new Map(taking.map(([name, { schema }]) => [name, schema]))
  for (;;) {
    const merged = [...parts].map(
      ([name, part]) => [name, mergedPart(source, { name, part, past: pasts.get(name) })] as const,
    )
    const sound = makeSound({ parts: new Map(merged), schemas })
    if (!('records' in sound)) return { ...sound, parts, pastOf: pastOfPart, linesOf }
    const drawn = await drawIn(source, plan, sound.records)
    for (const name of sound.records) schemas.delete(name)
    for (const [name, part] of drawn) {
      parts.set(name, part)
      schemas.set(name, (source.selections.get(name) as Selection).schema)
    }
    for (const name of sound.pasts) {
      const past = await pastOfPart(name)
      if (past !== undefined) pasts.set(name, past)
    }
  }
}

function mergedPart(
  source: Source,
  { name, part, past }: { readonly name: string; readonly part: PlannedPart; readonly past: KnownPast | undefined },
): MergedPart {
  return { rules: source.rules(name), ours: part.live, changes: part.changes, past }
}

/** Collections that HEAD did not move, as they are in live; those whose records cannot be told apart are left out. */
export async function drawIn(
  source: Source,
  plan: Pick<SoundPlan, 'sync' | 'head'>,
  names: readonly string[],
): Promise<Map<string, PlannedPart>> {
  if (names.length === 0) return new Map()
  const live = await readLive(source, names)
  const drawn = new Map<string, PlannedPart>()
  for (const [name, records] of live.collections) {
    if (live.unreadable.has(name)) continue
    const past = await pastOfUnmoved(source, plan.sync.points.get(name), plan.head)
    drawn.set(name, { past, live: records, actual: live.actual.get(name) ?? records, changes: [] })
  }
  return drawn
}

/** HEAD's files are those of the sync point, which says nothing of what lines of history did in between. */
async function pastOfUnmoved(source: Source, point: SyncPoint | undefined, head: string): Promise<MergeablePast> {
  const past = point === undefined ? undefined : await pastOf(source.repository, point, head)
  if (past?.kind === 'behind' || past?.kind === 'diverged') return past
  return { kind: 'behind', base: point?.commit ?? head, rewritten: false, hasMerges: false, junctions: [] }
}

interface Part {
  readonly name: string
  readonly part: PlannedPart
}

/** Both sides of every merge that HEAD brought. */
async function lineRecords(source: Source, name: string, past: MergeablePast | undefined): Promise<readonly Records[]> {
  const commits = new Set(junctionsOf(past).flatMap(({ ours, theirs }) => [ours, theirs]))
  return Promise.all([...commits].map(async (commit) => recordsOf(source, name, await readCommitted(source, commit))))
}

async function knownPast(source: Source, plan: SoundPlan, { name, part }: Part): Promise<KnownPast> {
  const { past } = part
  const forks = forksOf(past)
  const recordsAt = async (commit: string): Promise<Records> =>
    recordsOf(source, name, await readCommitted(source, commit))
  const base = past.kind === 'new' ? [] : [await recordsAt(past.base)]
  const former = [...base, ...(await Promise.all(forks.map(recordsAt)))]
  const since = forks.length > 0 ? forks : past.kind === 'new' ? [] : [past.base]
  const range = [plan.head, ...(past.kind === 'diverged' ? [past.base] : []), '--not', ...since]
  const writes = await textWriters(source, { range, place: source.folder(name), key: source.rules(name).key })
  const committed: KnownPast['committed'] = (key, text) =>
    plan.join ? { ...writes(key, text), since: 0 } : writes(key, text)
  return {
    theirs: await theirsOf(source, plan, { name, part }),
    former,
    committed,
    uncommitted: await plan.stampOfLive(past),
  }
}

/** Where the lines that HEAD unites parted: there, nobody had yet written what the other side did not know. */
function forksOf(past: MergeablePast): string[] {
  const parted = past.kind === 'diverged' ? [past.fork] : []
  return [...new Set([...parted, ...junctionsOf(past).map(({ fork }) => fork)])]
}

async function theirsOf(source: Source, plan: SoundPlan, { name, part: { past } }: Part): Promise<Records> {
  if (past.kind !== 'diverged') return recordsOf(source, name, await readHeadExports(source, plan.head))
  return (await mergeCommits(source, name, { ours: past.base, theirs: plan.head })).merged
}

async function recordsOf(source: Source, name: string, committed: Committed): Promise<Records> {
  return readRecords(source, committed.get(name))
}
