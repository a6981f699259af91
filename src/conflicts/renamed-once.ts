/** Recognises a collection that one of two commits renamed and retired, while the other still has it under its old name. */
import { type CommittedCollection, readCommitted, readRecords } from '../exports/committed.ts'
import { isMostlyAlike, shapeText } from '../exports/shape.ts'
import type { ExportsPlace } from '../source/source.ts'

/** The two names of a collection. */
export interface RenamedOnce {
  /** At the commit that has it under its old name. */
  readonly former: CommittedCollection
  /** At the commit that renamed it. */
  readonly renamed: CommittedCollection
}

/**
 * The collection `name` of the fork, where one side retired it and has a new one of the same structure with most of its records much as they were. undefined where more than one fits.
 * @throws DamagedError when a commit has damaged exports
 */
export async function renameBetween(
  place: ExportsPlace,
  name: string,
  commits: { readonly fork: string; readonly ours: string; readonly theirs: string },
): Promise<RenamedOnce | undefined> {
  const [fork, ours, theirs] = [
    await readCommitted(place, commits.fork),
    await readCommitted(place, commits.ours),
    await readCommitted(place, commits.theirs),
  ]
  const [keeper, retirer] = ours.has(name) ? [ours, theirs] : [theirs, ours]
  const former = keeper.get(name)
  if (former === undefined || retirer.has(name)) return undefined
  const fresh = [...retirer.values()].filter(({ schema }) => !fork.has(schema.name) && !keeper.has(schema.name))
  const gone = [...fork.values()].filter(({ schema }) => !retirer.has(schema.name))
  const fitting = await alike(place, former, { before: fork.get(name), among: fresh })
  const [renamed] = fitting
  if (renamed === undefined || fitting.length > 1) return undefined
  for (const each of gone) {
    const isRival = each.schema.name !== name
    if (isRival && (await alike(place, former, { before: each, among: [renamed] })).length > 0) return undefined
  }
  return { former, renamed }
}

/** Those of the collections that have the structure of `former` and most of the records that `before` had. */
async function alike(
  place: ExportsPlace,
  former: CommittedCollection,
  at: { readonly before: CommittedCollection | undefined; readonly among: readonly CommittedCollection[] },
): Promise<CommittedCollection[]> {
  const shape = shapeText(former.schema)
  const possible = at.among.filter(({ schema }) => shapeText(schema) === shape)
  if (possible.length === 0 || at.before === undefined) return []
  const records = await readRecords(place, at.before)
  const found: CommittedCollection[] = []
  for (const each of possible)
    if (isMostlyAlike(records, await readRecords(place, each), former.schema.key)) found.push(each)
  return found
}
