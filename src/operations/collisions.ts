/**
 * Records that two machines gave one key, across a whole source: live's get new numbers, and every live row that refers to them by a foreign key follows, in tables
 * that are not exported too. Between the merges of the single collections and the plan; reads git and the database, writes nothing but numbers taken from sequences.
 */
import { followAliases, type Alias } from '../merge/rekeying/aliases.ts'
import { follow, type Following } from '../merge/rekeying/following.ts'
import { numbersNeeded, rekey } from '../merge/rekeying/rekeying.ts'
import type { World } from '../merge/rekeying/world.ts'
import { splitArray, type KeyText, type ValueText } from '../model/canonical.ts'
import type { CollectionChanges } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import type { Decision } from '../model/decision.ts'
import type { Quarantined } from '../model/quarantine.ts'
import {
  collisionWorld,
  selectionsAround,
  withLookAlikes,
  type CollisionInput,
  type CollisionWorld,
} from './collision-world.ts'
import { greatestKey } from './greatest-key.ts'
import type { Holds } from './holds.ts'
import { setAside } from './set-aside.ts'
import type { Source } from './source.ts'
import { unsafeCollisions } from './unsafe-collisions.ts'

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

/** Gives live's records that lost their key a new one. Collections for which that cannot be done are put into `holds`. */
export async function settleCollisions(source: Source, input: SettleInput, holds: Holds): Promise<Resettled> {
  const merges = new Map([...input.merges].filter(([each]) => !holds.has(each.name)))
  const colliding = [...merges].filter(([, { rekeys }]) => rekeys.length > 0).map(([each]) => each.name)
  const aliases = input.aliases.filter(({ collection }) => !holds.has(collection))
  if (colliding.length + aliases.length === 0) return NOTHING
  const selections = selectionsAround(source, [...colliding, ...aliases.map(({ collection }) => collection)])
  const first = await collisionWorld(source, selections, { ...input, merges })
  const world = await withLookAlikes(first, { input, followers: follow(first).followers })
  const following = follow(world)
  const unsafe = await unsafeCollisions(source, { world, following, merges })
  if (unsafe.size > 0) {
    holdAround(source, unsafe, holds)
    return settleCollisions(source, input, holds)
  }
  const numbers = await drawNumbers(input.dryRun ? undefined : source, { selections, world, following })
  const { changes, keys, decisions } = rekey(world, following, numbers)
  const aside = setAside(source, merges, changes)
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

/** A reference that is only configured is no tie that `holdPartners` knows of. */
function holdAround(source: Source, unsafe: ReadonlyMap<string, string>, holds: Holds): void {
  for (const [name, reason] of unsafe) {
    holds.set(name, reason)
    for (const tied of selectionsAround(source, [name]).keys())
      if (!holds.has(tied)) holds.set(tied, `refers to ${name}, which is held`)
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
  readonly world: World
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
