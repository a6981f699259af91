/**
 * Records that two machines gave one key, across a whole source: live's get new numbers, and every live row that refers to them by a foreign key follows, in tables
 * that are not exported too. Between the merges of the single collections and the plan; reads git and the database, writes nothing but numbers taken from sequences.
 */
import { greatestKey } from '../../format/greatest-key.ts'
import { type Alias, followAliases } from '../../merge/rekeying/aliases.ts'
import { type Following, follow } from '../../merge/rekeying/following.ts'
import { numbersNeeded, rekey } from '../../merge/rekeying/rekeying.ts'
import type { RekeyingWorld } from '../../merge/rekeying/world.ts'
import { type KeyText, type ValueText, splitArray } from '../../model/canonical.ts'
import type { CollectionChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import type { Decision } from '../../model/decision.ts'
import { TandemError } from '../../model/errors.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import { type Holds, referenceReason } from '../../source/holds.ts'
import type { Source } from '../../source/source.ts'
import { quarantineLosers } from './quarantine-losers.ts'
import { type Unsafe, unsafeCollisions } from './unsafe-collisions.ts'
import { type CollisionInput, type CollisionWorld, collisionWorld, selectionsAround, withLookAlikes } from './world.ts'

/** What became of the collisions. */
export interface Resettled {
  /** For each collection concerned all its changes, the merge's included; also of collections that HEAD did not move, or that are not exported. */
  readonly changes: ReadonlyMap<string, CollectionChanges>
  readonly quarantined: readonly Quarantined[]
  /** A collision's decision with the number that live's record got. */
  noted(this: void, decision: Decision): Decision
  /** Decisions that only became necessary here. */
  decisionsOf(this: void, collection: string): readonly Decision[]
}

const NOTHING: Resettled = {
  changes: new Map(),
  quarantined: [],
  noted: (decision) => decision,
  decisionsOf: () => [],
}

export interface SettleInput extends CollisionInput {
  /** Numbers are guessed, not taken. */
  readonly dryRun: boolean
  /** Keys of duplicates that are no more. */
  readonly aliases: readonly Alias[]
}

/**
 * Gives live's records that lost their key a new one. Collections for which that cannot be done are put into `holds`.
 * It ends: each round either settles everything, or holds at least one more of the colliding collections, and no held one is looked at again.
 */
export async function settleCollisions(source: Source, input: SettleInput, holds: Holds): Promise<Resettled> {
  for (;;) {
    const merges = new Map([...input.merges].filter(([each]) => !holds.has(each.name)))
    const aliases = input.aliases.filter(({ collection }) => !holds.has(collection))
    const colliding = collidingIn(merges, aliases)
    if (colliding.length === 0) return NOTHING
    const selections = selectionsAround(source, colliding)
    const first = await collisionWorld(source, selections, { ...input, merges })
    const world = await withLookAlikes(first, { input, followers: follow(first).followers })
    const following = follow(world)
    const unsafe = await unsafeCollisions(source, { world, following, input: { ...input, merges, aliases } })
    if (unsafe.reasons.size === 0)
      return settleSafe(source, { ...input, merges, aliases }, { selections, world, following })
    holdAround(source, { unsafe, colliding }, holds)
    checkProgress(source, colliding, holds)
  }
}

/** Collections with a record that loses its key, or that became one with another. */
function collidingIn(merges: CollisionInput['merges'], aliases: readonly Alias[]): string[] {
  const rekeyed = [...merges].filter(([, { rekeys }]) => rekeys.length > 0).map(([{ name }]) => name)
  return [...new Set([...rekeyed, ...aliases.map(({ collection }) => collection)])]
}

/** A fault of the program must not keep git waiting for ever. @throws TandemError */
function checkProgress(source: Source, colliding: readonly string[], holds: Holds): void {
  if (colliding.some((name) => holds.has(name))) return
  throw new TandemError(
    { code: 'internal', exitCode: 1 },
    `source ${source.source}: the colliding keys of ${colliding.join(', ')} could neither be settled nor held`,
    { hint: 'Give one of the two records another key by hand, then run: tandem apply' },
  )
}

/** Gives the new keys, once nothing is left to be guessed. */
async function settleSafe(
  source: Source,
  input: SettleInput,
  { selections, world, following }: Drawing & { readonly world: CollisionWorld },
): Promise<Resettled> {
  const { merges, aliases } = input
  const numbers = await drawNumbers(input.dryRun ? undefined : source, { selections, world, following })
  const { changes, keys, decisions } = rekey(world, following, numbers)
  const aside = quarantineLosers(source, merges, changes)
  const all = followAliases(world, aside.changes, aliases)
  return {
    changes: new Map(
      [...all].map(([name, each]) => [name, { selection: selections.get(name) as Selection, changes: each }]),
    ),
    quarantined: aside.quarantined,
    noted: (decision) => noted(decision, keys.get(decision.collection)?.get(decision.key), { selections, world }),
    decisionsOf: (collection) => [
      ...decisions.filter((decision) => decision.collection === collection),
      ...splitDecisions(world, following, { collection, keys: keys.get(collection) ?? new Map() }),
    ],
  }
}

/** Holds what cannot be settled, and with it the colliding collections over whose records it would have to follow, and all that refers to it or may. */
function holdAround(
  source: Source,
  at: { readonly unsafe: Unsafe; readonly colliding: readonly string[] },
  holds: Holds,
): void {
  const { reasons, candidates } = at.unsafe
  const hold = (name: string, reason: string): void => {
    if (!holds.has(name) && source.selections.has(name)) holds.set(name, reason)
  }
  for (const [name, reason] of reasons) holds.set(name, reason)
  for (const name of reasons.keys()) {
    for (const root of at.colliding) if (selectionsAround(source, [root]).has(name)) hold(root, referenceReason(name))
    for (const tied of selectionsAround(source, [name]).keys()) hold(tied, referenceReason(name))
    for (const candidate of candidates.get(name) ?? []) hold(candidate, `may refer to ${name}, which is held`)
  }
}

function noted(
  decision: Decision,
  now: KeyText | undefined,
  at: { readonly selections: ReadonlyMap<string, Selection>; readonly world: CollisionWorld },
): Decision {
  const { collection, key, kind, ours } = decision
  const [field] = at.selections.get(collection)?.schema.key ?? []
  if (kind !== 'key-collision' || now === undefined || field === undefined) return decision
  return {
    ...decision,
    field,
    chosen: keyValue(now),
    rule: 'rekeyed',
    ...originOf(at.world, { collection, key, ours }),
  }
}

/** What a record was when it was added, where it was written since, and who added it. */
function originOf(
  { origins }: CollisionWorld,
  { collection, key, ours }: Pick<Decision, 'collection' | 'key' | 'ours'>,
): Pick<Decision, 'base' | 'addedBy'> {
  const origin = origins.get(collection)?.get(key)
  return { base: origin?.record === ours ? undefined : origin?.record, addedBy: origin?.asset }
}

/** A key as the value of its field, or of its fields together. */
function keyValue(key: KeyText | undefined): ValueText | undefined {
  if (key === undefined) return undefined
  const [value, ...more] = splitArray(key)
  return more.length === 0 ? value : key
}

/** Two records that looked like one, until their parents turned out to be two. */
function splitDecisions(
  world: CollisionWorld,
  { followers }: Following,
  at: { readonly collection: string; readonly keys: ReadonlyMap<KeyText, KeyText> },
): Decision[] {
  const known = world.collections.get(at.collection)
  const split = followers.filter(
    ({ collection, key, splits }) =>
      splits && collection === at.collection && known?.moved.every((moved) => moved.key !== key),
  )
  return split.map(({ collection, key, record }): Decision => {
    const [theirs, chosen] = [known?.head.get(key), keyValue(at.keys.get(key))]
    const sides = { ours: record, theirs, chosen, ...originOf(world, { collection, key, ours: record }) }
    return { collection, key, field: known?.rules.key.join(' + '), kind: 'key-collision', ...sides, rule: 'rekeyed' }
  })
}

interface Drawing {
  readonly selections: ReadonlyMap<string, Selection>
  readonly world: RekeyingWorld
  readonly following: Following
}

/** Without a source (a dry run) no number is used up. */
async function drawNumbers(
  source: Source | undefined,
  { selections, world, following }: Drawing,
): Promise<ReadonlyMap<string, readonly ValueText[]>> {
  const numbers = new Map<string, readonly ValueText[]>()
  for (const [name, count] of numbersNeeded(following)) {
    const known = world.collections.get(name)
    const above = greatestKey([known?.live, known?.head, ...world.lines.map(({ theirs }) => theirs.get(name))])
    const { schema } = selections.get(name) as Selection
    const drawn = await source?.adapter.nextKeys(schema, count, above)
    numbers.set(name, drawn ?? Array.from({ length: count }, (_, i) => String(above + BigInt(i) + 1n)))
  }
  return numbers
}
