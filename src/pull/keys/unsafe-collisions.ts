/** Collisions that no new key can settle without guessing: something seems to refer to the record, but nobody said so. Each with the words that tell what to do. */
import { rulesFor } from '../../config/rules.ts'
import type { Alias } from '../../merge/rekeying/aliases.ts'
import type { Following } from '../../merge/rekeying/following.ts'
import { type ProposedEntry, type Proposals, proposalText } from '../../merge/rekeying/proposals.ts'
import { referredBy } from '../../merge/rekeying/referred.ts'
import type { Holding, DisplacedKey } from '../../merge/rekeying/suspects.ts'
import { tupleOf } from '../../merge/tuple.ts'
import { type KeyText, keyOf, splitObject } from '../../model/canonical.ts'
import type { Source } from '../../source/source.ts'
import { type LosingKeys, findUndeclared } from './suspects.ts'
import type { CollisionInput, CollisionWorld } from './world.ts'

export interface CollisionsFound {
  readonly world: CollisionWorld
  readonly following: Following
  readonly input: Pick<CollisionInput, 'merges' | 'live'> & { readonly aliases: readonly Alias[] }
}

export interface Unsafe {
  /** Collection → why it has to be held. */
  readonly reasons: ReadonlyMap<string, string>
  /** Collection → those whose records may refer to it: exported meanwhile, they would seem to refer to the other machine's record. */
  readonly candidates: ReadonlyMap<string, ReadonlySet<string>>
}

export async function unsafeCollisions(source: Source, found: CollisionsFound): Promise<Unsafe> {
  const { world, input } = found
  const { suspects, proposals } = await findUndeclared(source, lostKeys(source, found), { world, input })
  const reasons = new Map<string, string>()
  const candidates = new Map<string, Set<string>>()
  for (const name of new Set(suspects.map(({ lost }) => lost.collection))) {
    const own = suspects.filter(({ lost }) => lost.collection === name)
    reasons.set(name, guessWords(own, proposals))
    candidates.set(name, new Set([...own.map(({ collection }) => collection.name), ...proposals.keys()]))
  }
  for (const [name, reason] of referredKeys(source, found)) if (!reasons.has(name)) reasons.set(name, reason)
  return { reasons, candidates }
}

/** Everything whose key means another record afterwards, of collections with a key of one field. */
function lostKeys(source: Source, { following, input }: CollisionsFound): LosingKeys {
  const moved = following.followers.flatMap(({ collection, key, line, fields }): DisplacedKey[] => {
    const own = keyFieldOf(source, collection)
    return own !== undefined && fields.has(own) ? [{ collection, key, line }] : []
  })
  const aside = [...input.merges].flatMap(([{ name }, { rekeys }]): DisplacedKey[] =>
    source.rules(name).serialKey || keyFieldOf(source, name) === undefined
      ? []
      : rekeys.map(({ key }) => ({ collection: name, key, line: undefined })),
  )
  const merged = input.aliases.flatMap(({ collection, gone }): DisplacedKey[] => {
    const own = keyFieldOf(source, collection)
    return own === undefined ? [] : [{ collection, key: keyOf(splitObject(gone), [own]), line: undefined }]
  })
  return { live: [...moved, ...aside], merged }
}

function keyFieldOf(source: Source, collection: string): string | undefined {
  const schema = source.description.collections.find(({ name }) => name === collection)
  const key = schema === undefined ? [] : rulesFor(source.config, schema).key
  return key.length === 1 ? key[0] : undefined
}

function guessWords(suspects: readonly Holding[], proposals: Proposals): string {
  const key = suspects[0]?.lost.key ?? ''
  const names = new Set(suspects.map(({ collection, field }) => `${collection.name}.${field}`))
  const seem = `${[...names].join(', ')} ${names.size > 1 ? 'seem' : 'seems'} to refer to it`
  const entries = proposalText(withSuspects(proposals, suspects))
  if (suspects.some(({ inside }) => inside))
    return `both machines gave ${key} to different records, and ${seem}, inside a value, where tandem changes nothing; give the record another key here by hand, there too, or say in the configuration that no key is meant: ${entries}; then: tandem apply`
  return `both machines gave ${key} to different records, and ${seem}; say so in the configuration: ${entries}; "none" instead of a collection where a field holds no key; then: tandem apply`
}

/** Every suspicious field has an entry, also one that no values speak for. */
function withSuspects(proposals: Proposals, suspects: readonly Holding[]): Proposals {
  const all = new Map([...proposals].map(([name, entries]) => [name, new Map(entries)]))
  for (const { collection, field, lost, inside } of suspects) {
    const entries = all.get(collection.name) ?? new Map<string, ProposedEntry>()
    if (!entries.has(field)) all.set(collection.name, entries.set(field, inside ? 'none' : lost.collection))
  }
  return all
}

/** A key that is no number of the database's own, taken by two records, and referred to here: neither can another key be made up, nor the record set aside. */
function* referredKeys(source: Source, { world, input }: CollisionsFound): Iterable<readonly [string, string]> {
  for (const [{ name }, { rekeys }] of input.merges) {
    if (rekeys.length === 0 || source.rules(name).serialKey) continue
    const referred = rekeys.find(({ moved }) => [...childrenOf(world, name, moved)].length > 0)
    if (referred === undefined) continue
    yield [
      name,
      `both machines gave ${referred.key} to records that differ in their identity fields, and other records refer to it here; give one of them another key by hand`,
    ]
  }
}

function* childrenOf(world: CollisionWorld, name: string, record: string): Iterable<KeyText> {
  for (const { live, references } of world.collections.values())
    for (const reference of references)
      if (reference.to === name) {
        const tuple = tupleOf(record, reference.toFields)
        for (const [key, child] of live) if (tuple !== undefined && referredBy(child, reference) === tuple) yield key
      }
}
