/** What came with HEAD: the collections it changed since live's sync points, and which of them are held. Reads git and the tool's state, no record; most pushes and many pulls end here. */
import { isRemodelled } from '../../schema/drift.ts'
import { expectedEntries } from '../../source/sync-state.ts'
import { type Holds, configuredTies, holdPartners } from '../../source/holds.ts'
import type { Source } from '../../source/source.ts'
import { readWithheld } from '../../source/withheld.ts'
import {
  type ChangedCollection,
  type MergeableCollection,
  changedCollections,
} from '../../sync-point/changed-collections.ts'
import type { PlanOptions, ReconcilePlan } from '../plan.ts'
import { mayApply } from './may-apply.ts'
import { holdMixed } from './mixed.ts'

export interface Incoming {
  readonly changed: readonly MergeableCollection[]
  /** With those tied to them by foreign keys, apart from what is tied to a remodelled one: that depends on what changes. */
  readonly holds: Holds
  /** The held collections of which something was renamed, dropped or converted. */
  readonly remodelled: ReadonlySet<string>
  /** The tool's state texts that this was read from. */
  readonly state: ReadonlyMap<string, string>
}

/** @throws DamagedError when the exports at HEAD are damaged */
export async function readIncoming(source: Source, options: PlanOptions): Promise<Incoming> {
  const state = await source.adapter.readState()
  const holds: Holds = new Map(options.refused)
  const found = await changedCollections(source, state, options)
  const changed: MergeableCollection[] = []
  for (const each of found) {
    const mergeable = await mayApply(source, each, { head: options.head, holds })
    if (mergeable !== undefined) changed.push(mergeable)
  }
  const remodelled = new Set(
    found.filter((each) => holds.has(each.name) && isRemodelledHere(source, each)).map(({ name }) => name),
  )
  if (options.consent.mixed !== 'take') await holdMixed(source, changed, { head: options.head, holds })
  holdPartners(holds, source.selections, { names: remodelled, moving: new Map(), further: configuredTies(source) })
  return { changed, holds, remodelled, state }
}

function isRemodelledHere(source: Source, { name, base, theirs }: ChangedCollection): boolean {
  const selection = source.selections.get(name)
  return selection !== undefined && isRemodelled(selection, { base, head: theirs })
}

/** The plan where no collection changed and no withheld record is to be tried again; undefined where records have to be merged. */
export function planOfNothing({ changed, holds, state }: Incoming, options: PlanOptions): ReconcilePlan | undefined {
  const isRetried = options.consent.again !== undefined && readWithheld(state).size > 0
  if (isRetried || changed.some(({ name }) => !holds.has(name))) return undefined
  return {
    head: options.head,
    outcomes: [],
    holds,
    quarantined: [],
    released: [],
    changes: [],
    state: new Map(),
    expected: expectedEntries(state, []),
    read: state,
  }
}
