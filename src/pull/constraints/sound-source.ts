/** The merged collections of one source, made sound together: reads what the pure step asks for (tied collections, pasts, writers) and nothing before it asks. Writes nothing. */
import { type Committed, readCommitted, readHeadExports, readRecords } from '../../exports/committed.ts'
import { PartRecords } from '../../exports/part-records.ts'
import { commitsOf, isAncestor } from '../../git/history/commits.ts'
import { complete } from '../../git/history/lazily.ts'
import { mergeCommits } from '../../history/commit-merge.ts'
import { type Origins, textWriters } from '../../history/writers.ts'
import type { CollectionPast, MergedPart } from '../../merge/constraints/draft.ts'
import { type Sound, makeSound } from '../../merge/constraints/sound.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import { TandemError } from '../../model/errors.ts'
import type { Selection } from '../../model/collection.ts'
import type { KeyEquality } from '../../model/key-equality.ts'
import { once } from '../../model/once.ts'
import type { Records } from '../../model/records.ts'
import type { WriterStamp } from '../../model/rules.ts'
import type { Source } from '../../source/source.ts'
import type { SyncPoint, SyncState } from '../../source/sync-state.ts'
import { type MergeablePast, junctionsOf, pastOf } from '../../sync-point/past.ts'
import { readUnmoved } from '../incoming/read-mergeable.ts'
import { openQuestions } from './questions.ts'

/** A collection of the plan: what is live, and what its merge changes. */
export interface PlannedPart {
  readonly past: MergeablePast
  /** With what is withheld as it is meant. */
  readonly live: Records
  readonly actual: Records
  readonly changes: readonly Change[]
}

/** Each round reads what the pure step missed. Keys that depend on each other ask again, but never so often. */
const MOST_ROUNDS = 1_000

export interface SoundPlan {
  readonly head: string
  readonly sync: SyncState
  readonly parts: ReadonlyMap<string, PlannedPart>
  /** Collections that must not be touched. */
  readonly held: ReadonlyMap<string, string>
  readonly writers: Writers
  /** A first meeting: the records' own times count. */
  readonly join: boolean
  /** All of every collection is read. */
  readonly whole: boolean
}

/** Who wrote what. */
export interface Writers {
  /** The name of this machine. */
  readonly asset: string
  readonly stampOfLive: (past: MergeablePast) => Promise<WriterStamp>
  /** Collection → where its records were added. */
  readonly originsOf: (name: string) => Origins
}

export interface SoundSource extends Sound {
  /** The plan's parts, and collections that were drawn in. */
  readonly parts: ReadonlyMap<string, PlannedPart>
  /** What the merge knew of one of them, whole; read once. */
  readonly pastOf: (name: string) => Promise<CollectionPast | undefined>
  /** What the database said of its keys. */
  readonly equality: KeyEquality
  /** Its records on the lines of history that HEAD unites, where the past has any. */
  readonly linesOf: (name: string) => Promise<readonly Records[]>
}

/**
 * Asks again with what was needed until nothing more is. It ends: each collection is drawn in, or found to take no part, once, and its past is read once.
 * @throws DamagedError when an export that has to be read is damaged
 */
export async function soundSource(source: Source, plan: SoundPlan): Promise<SoundSource> {
  const parts = new Map(plan.parts)
  const pasts = new Map<string, CollectionPast>()
  const pastOfPart = once(async (name: string) => {
    const part = parts.get(name)
    return part === undefined ? undefined : knownPast(source, plan, { name, part })
  })
  const linesOf = once(async (name: string) => lineRecords(source, name, parts.get(name)?.past))
  const taking = [...source.selections].filter(([name, { schema }]) => !plan.held.has(name) && schema.key.length > 0)
  const schemas = new Map(taking.map(([name, { schema }]) => [name, schema]))
  const asking = openQuestions(source, { asset: plan.writers.asset, head: plan.head })
  for (let round = 0; round <= MOST_ROUNDS; round++) {
    const merged = [...parts].map(
      ([name, part]) => [name, mergedPart(source, { name, part, past: pasts.get(name) })] as const,
    )
    const equality = await asking.answers(parts.keys())
    const sound = await complete(() => makeSound({ parts: new Map(merged), schemas, equality }))
    if (!('records' in sound)) return { ...sound, parts, equality, pastOf: pastOfPart, linesOf }
    await asking.ask(sound)
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
    for (const name of sound.lines) {
      const past = pasts.get(name)
      if (past !== undefined) pasts.set(name, { ...past, lines: await linesOf(name) })
    }
    for (const [name, keys] of sound.earlier) {
      const [past, part] = [pasts.get(name), parts.get(name)]
      if (past === undefined || part === undefined) continue
      const earlier = await earlierRecords(source, plan, { name, part, keys })
      pasts.set(name, { ...past, earlier: new Map([...(past.earlier ?? []), ...earlier]) })
    }
  }
  throw new TandemError(
    { code: 'internal', exitCode: 1 },
    `source ${source.source}: the unique and foreign keys of ${[...parts.keys()].join(', ')} could not be settled`,
    { hint: 'Exclude one of them, or correct the records by hand, then run: tandem apply' },
  )
}

function mergedPart(
  source: Source,
  {
    name,
    part,
    past,
  }: { readonly name: string; readonly part: PlannedPart; readonly past: CollectionPast | undefined },
): MergedPart {
  const aside = part.live === part.actual ? [] : [...part.live].filter(([key, text]) => part.actual.get(key) !== text)
  const keys = new Set(aside.map(([key]) => key))
  const isPart = part.live instanceof PartRecords
  return { rules: source.rules(name), ours: part.live, changes: part.changes, past, aside: keys, isPart }
}

/** Collections that HEAD did not move, as they are in live; those whose records cannot be told apart are left out. */
export async function drawIn(
  source: Source,
  plan: Pick<SoundPlan, 'sync' | 'head' | 'whole'>,
  names: readonly string[],
): Promise<Map<string, PlannedPart>> {
  if (names.length === 0) return new Map()
  const live = await readUnmoved(source, names, plan.whole)
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

/** How those of the records were when they were added that were added before the sides parted. Only a merge since then can have brought such a record back. */
async function earlierRecords(
  source: Source,
  { head, writers }: SoundPlan,
  { name, part: { past }, keys }: Part & { readonly keys: ReadonlySet<KeyText> },
): Promise<Map<KeyText, RecordText | undefined>> {
  const earlier = new Map<KeyText, RecordText | undefined>([...keys].map((key) => [key, undefined]))
  if (past.kind === 'new') return earlier
  const { repository } = source
  const parted = forksOf(past).at(-1) ?? past.base
  const merges = await commitsOf(repository, ['--merges', '--max-count=1', past.base, head, '--not', parted])
  if (merges.length === 0) return earlier
  for (const key of keys)
    for (const commit of [past.base, head]) {
      const origin = await writers.originsOf(name)(commit, key)
      if (origin === undefined || !(await isAncestor(repository, origin.commit, parted))) continue
      earlier.set(key, origin.text)
      break
    }
  return earlier
}

async function knownPast(source: Source, plan: SoundPlan, { name, part }: Part): Promise<CollectionPast> {
  const { past } = part
  const forks = forksOf(past)
  const base = past.kind === 'new' ? [] : [await recordsOf(source, name, await readCommitted(source, past.base))]
  const parted = await Promise.all(forks.map((fork) => readCommitted(source, fork)))
  // in a rewritten history the lines may part before the collection was exported: that says nothing of what was there
  const known = parted.filter((committed) => committed.has(name))
  const former = [...base, ...(await Promise.all(known.map((committed) => recordsOf(source, name, committed))))]
  const since = forks.length > 0 ? forks : past.kind === 'new' ? [] : [past.base]
  const range = [plan.head, ...(past.kind === 'diverged' ? [past.base] : []), '--not', ...since]
  const writes = await textWriters(source, { range, place: source.folder(name), key: source.rules(name).key })
  const committed: CollectionPast['committed'] = (key, text) =>
    plan.join ? { ...writes(key, text), since: 0 } : writes(key, text)
  const theirs = await theirsOf(source, plan, { name, part })
  return {
    theirs,
    former,
    ...(plan.join && past.kind === 'new' ? { first: theirs } : {}),
    committed,
    uncommitted: await plan.writers.stampOfLive(past),
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
