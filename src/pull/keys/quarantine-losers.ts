/** Records that lost a key which no database hands out: another one cannot be made up, so they go into quarantine until a person gives them one. */
import type { Change } from '../../model/change.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import type { Source } from '../../source/source.ts'
import type { CollisionInput } from './world.ts'

export interface LosersQuarantined {
  /** The changes of all collections, those of re-keying included. */
  readonly changes: ReadonlyMap<string, readonly Change[]>
  readonly quarantined: readonly Quarantined[]
}

/** Takes live's losers out of live; HEAD's records take their keys. */
export function quarantineLosers(
  source: Source,
  merges: CollisionInput['merges'],
  rekeyed: ReadonlyMap<string, readonly Change[]>,
): LosersQuarantined {
  const changes = new Map(rekeyed)
  const quarantined: Quarantined[] = []
  for (const [{ name }, merge] of merges) {
    if (merge.rekeys.length === 0 || source.rules(name).serialKey) continue
    const lost = new Set(merge.rekeys.map(({ key }) => key))
    const all = rekeyed.get(name) ?? merge.changes
    changes.set(
      name,
      all.map((change) => (lost.has(change.key) ? { ...change, reassigned: true } : change)),
    )
    for (const { key, moved } of merge.rekeys)
      quarantined.push({
        collection: name,
        key,
        record: moved,
        reason: 'another machine gave its key to another record',
      })
  }
  return { changes, quarantined }
}
