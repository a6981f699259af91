/** Collisions that no new key can settle without guessing: something seems to refer to the record, but nobody said so. Each with the words that tell what to do. */
import type { Follower, Following } from '../merge/rekeying/following.ts'
import { suspects } from '../merge/rekeying/suspects.ts'
import { tupleOf } from '../merge/rekeying/world.ts'
import type { KeyText } from '../model/canonical.ts'
import { suspectWorld, type CollisionInput, type CollisionWorld } from './collision-world.ts'
import type { Source } from './source.ts'

export interface CollisionsFound {
  readonly world: CollisionWorld
  readonly following: Following
  readonly merges: CollisionInput['merges']
}

/** Collection → why it has to be held. */
export async function unsafeCollisions(source: Source, found: CollisionsFound): Promise<ReadonlyMap<string, string>> {
  const { world, following } = found
  const names = new Set(following.followers.map(({ collection }) => collection))
  const around = await suspectWorld(source, world, names)
  const unsafe = new Map<string, string>()
  for (const { collection, field, parent } of suspects(around.collections, following.followers, around.lines))
    if (!unsafe.has(parent.collection)) unsafe.set(parent.collection, guessWords({ collection, field, parent }))
  for (const [name, reason] of referredKeys(source, found)) unsafe.set(name, reason)
  return unsafe
}

function guessWords(at: { readonly collection: string; readonly field: string; readonly parent: Follower }): string {
  const { collection, field, parent } = at
  return (
    `both machines gave ${parent.key} to different records, and ${collection}.${field} seems to refer to it; say so in the configuration: ` +
    `"${collection}": {"references": {"${field}": "${parent.collection}"}}, or false instead of "${parent.collection}" if it does not; then: tandem apply`
  )
}

/** A key that is no number of the database's own, taken by two records, and referred to here: neither can another key be made up, nor the record set aside. */
function* referredKeys(source: Source, { world, merges }: CollisionsFound): Iterable<readonly [string, string]> {
  for (const [{ name }, { rekeys }] of merges) {
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
        for (const [key, child] of live) if (tupleOf(child, reference.fields) === tuple) yield key
      }
}
