/** Whose it is that a record of live is not what HEAD's exports say: an edit of this machine that no push has carried, a change at HEAD that was not applied, or both. Separate from `verify`, which says so. */
import { type Committed, readCommitted, readRecords } from '../exports/committed.ts'
import { type KeyText, sameRecord } from '../model/canonical.ts'
import { DamagedError } from '../model/errors.ts'
import { once } from '../model/once.ts'
import type { Records } from '../model/records.ts'
import { withoutDerivedFields } from '../source/live.ts'
import type { Source } from '../source/source.ts'
import type { SyncState } from '../source/sync-state.ts'
import { type Past, pastOf } from '../sync-point/past.ts'

/** The keys of the records that differ, by whose difference it is. */
export interface Whose {
  /** Edited here since the sync point; HEAD has not changed them. */
  readonly ours: readonly KeyText[]
  /** Changed at HEAD since the sync point; live has not changed them. */
  readonly theirs: readonly KeyText[]
  /** Changed on both sides; or the common past is not known. */
  readonly both: readonly KeyText[]
}

/** A collection in live and at HEAD. */
export interface LiveAndExported {
  readonly name: string
  readonly live: Records
  readonly exported: Records
}

/** Answers for one collection after the other; the past of equal sync points is looked up once. */
export type WhoseDifference = (sides: LiveAndExported) => Promise<Whose>

export function openWhose(source: Source, at: { readonly sync: SyncState; readonly head: string }): WhoseDifference {
  const committedAt = once((commit: string) => readCommitted(source, commit))
  const pasts = once(async (name: string) => {
    const point = at.sync.points.get(name)
    return point === undefined ? undefined : pastOf(source.repository, point, at.head)
  })
  return async (sides) =>
    divided(source, sides, await baseOf(source, sides, { past: await pasts(sides.name), committedAt }))
}

/** What live and HEAD had last in common; undefined when nobody knows. A sync point that is ahead of HEAD holds only more edits of this machine. */
async function baseOf(
  source: Source,
  { name, exported }: LiveAndExported,
  at: { readonly past: Past | undefined; readonly committedAt: (commit: string) => Promise<Committed> },
): Promise<Records | undefined> {
  const { past } = at
  if (past?.kind === 'current' || past?.kind === 'ahead') return exported
  if (past?.kind !== 'behind' && past?.kind !== 'diverged') return undefined
  try {
    const committed = await at.committedAt(past.kind === 'diverged' ? past.fork : past.base)
    return withoutDerivedFields(source, name, await readRecords(source, committed.get(name)))
  } catch (error) {
    // what an old commit holds damages nothing that is compared
    if (error instanceof DamagedError) return undefined
    throw error
  }
}

function divided(source: Source, { name, live, exported }: LiveAndExported, base: Records | undefined): Whose {
  const order = source.selections.get(name)?.schema.order ?? 'sorted'
  const keys = [...new Set([...live.keys(), ...exported.keys()])]
  const differing = keys.filter((key) => !sameRecord(live.get(key), exported.get(key), order))
  if (base === undefined) return { ours: [], theirs: [], both: differing }
  const isBase = (records: Records, key: KeyText): boolean => sameRecord(records.get(key), base.get(key), order)
  return {
    ours: differing.filter((key) => isBase(exported, key)),
    theirs: differing.filter((key) => isBase(live, key)),
    both: differing.filter((key) => !isBase(exported, key) && !isBase(live, key)),
  }
}
