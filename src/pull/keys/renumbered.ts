/**
 * What merge reports tell of records that got another number. A record that was published, pulled by another machine, and lost its number later is held by two: whoever
 * knows that the other has given it one follows; where both gave one before they knew, the two are one record again when they meet.
 */
import { referencesFor } from '../../config/references.ts'
import type { Origin, Origins } from '../../history/writers.ts'
import { type Duplicate, withKey } from '../../merge/duplicates.ts'
import { type RecordUnderKey, type Renumbered, renumberedRecords } from '../../merge/rekeying/renumbered.ts'
import type { GivenKey } from '../../merge/rekeying/world.ts'
import type { Side } from '../../model/side.ts'
import { type KeyText, arrayText, objectText, splitObject } from '../../model/canonical.ts'
import type { Decision } from '../../model/decision.ts'
import type { Records } from '../../model/records.ts'
import type { MergeReport } from '../../report/report.ts'
import type { Source } from '../../source/source.ts'

/**
 * Names the record that a machine put under a key. What it refers to is no part of the name: that may get another number with it. Rows that look alike and have one key are told
 * apart by the machine.
 */
function naming(source: Source, name: string): (key: KeyText, origin: Origin) => string {
  const schema = source.description.collections.find((each) => each.name === name)
  const references = schema === undefined ? [] : referencesFor(source.config, schema, source.description.collections)
  const moving = new Set(references.flatMap(({ fields }) => fields))
  return (key, { record, asset }) =>
    `${asset}\n${key}\n${objectText([...splitObject(record)].filter(([field]) => !moving.has(field)))}`
}

/** The records of a collection that got another number, as these reports tell. */
export function renumberedIn(source: Source, name: string, reports: readonly MergeReport[]): Renumbered[] {
  // of tables that are not exported no other machine has a record
  if (!source.selections.has(name) || !source.rules(name).serialKey) return []
  const fields = source.rules(name).key
  const nameOf = naming(source, name)
  const place = (key: KeyText, origin: Origin): RecordUnderKey => ({
    name: nameOf(key, origin),
    key,
    record: origin.record,
  })
  const told = ({ collection, kind, rule }: Decision): boolean =>
    collection === name && kind === 'key-collision' && rule === 'rekeyed'
  return renumberedRecords(
    reports.flatMap(({ source: other, asset, decisions }) =>
      (other === source.source ? decisions.filter(told) : []).flatMap(
        ({ key, base, ours, chosen, addedBy = asset }) => {
          if (ours === undefined || chosen === undefined) return []
          const number = arrayText([chosen])
          const from = place(key, { record: base ?? ours, asset: addedBy })
          return [{ from, to: place(number, { record: withKey(ours, fields, number), asset }) }]
        },
      ),
    ),
  )
}

export interface PlacesQuestion {
  readonly name: string
  /** Records of the collection that may be meant. */
  readonly records: Records
  /** Where they are committed, or the machine that holds them and has committed them nowhere yet. */
  readonly at: { readonly commit: string; readonly originOf: Origins } | { readonly asset: string }
}

/** Those under which that very record is there, whatever was written to it since. */
export async function placesAt(
  source: Source,
  places: readonly RecordUnderKey[],
  { name, records, at }: PlacesQuestion,
): Promise<RecordUnderKey[]> {
  const nameOf = naming(source, name)
  const found: RecordUnderKey[] = []
  for (const place of places) {
    const { key } = place
    const record = records.get(key)
    if (record === undefined) continue
    const added = 'commit' in at ? await at.originOf(at.commit, key) : undefined
    const asset = 'commit' in at ? added?.writer.asset : at.asset
    const texts = [record, ...(added === undefined ? [] : [added.text])]
    if (asset !== undefined && texts.some((text) => nameOf(key, { record: text, asset }) === place.name))
      found.push(place)
  }
  return found
}

/** For a record that may lose its key: where HEAD has it already, if another machine gave it a number. */
export type GivenPlaces = (key: KeyText, origin: Origin) => GivenKey | undefined

export async function givenPlaces(
  source: Source,
  head: PlacesQuestion,
  reports: readonly MergeReport[],
): Promise<GivenPlaces> {
  const { name } = head
  const given = new Map<string, GivenKey>()
  for (const { added, places } of renumberedIn(source, name, reports)) {
    const [there] = await placesAt(source, places, head)
    if (there === undefined) continue
    const record = withKey(added.record, source.rules(name).key, there.key)
    for (const place of [added, ...places]) given.set(place.name, { key: there.key, record })
  }
  const nameOf = naming(source, name)
  return (key, origin) => (given.size === 0 ? undefined : given.get(nameOf(key, origin)))
}

/** Records that each side has under a number of its own. */
export async function renumberedTwice(
  source: Source,
  renumbered: readonly Renumbered[],
  sides: Readonly<Record<Side, PlacesQuestion>>,
): Promise<Duplicate[]> {
  const pairs: Duplicate[] = []
  for (const { added, places } of renumbered) {
    const [ours, theirs] = [await placesAt(source, places, sides.ours), await placesAt(source, places, sides.theirs)]
    const [first, second] = [
      ours.find((place) => !theirs.includes(place)),
      theirs.find((place) => !ours.includes(place)),
    ]
    if (first !== undefined && second !== undefined)
      pairs.push({ ours: first.key, theirs: second.key, base: added.record })
  }
  return pairs
}

/** Those of some records of live that HEAD has. */
export function givenAmong(origins: ReadonlyMap<KeyText, Origin>, givenOf: GivenPlaces): Map<KeyText, GivenKey> {
  const given = new Map<KeyText, GivenKey>()
  for (const [key, origin] of origins) {
    const place = givenOf(key, origin)
    if (place !== undefined) given.set(key, place)
  }
  return given
}
