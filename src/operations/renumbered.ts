/**
 * What merge reports tell of records that got another number. A record that was published, pulled by another machine, and lost its number later is held by two: whoever
 * knows that the other has given it one follows; where both gave one before they knew, the two are one record again when they meet.
 */
import { referencesFor } from '../config/references.ts'
import { withKey } from '../merge/duplicates.ts'
import { renumberedRecords, type Place, type Renumbered } from '../merge/rekeying/renumbered.ts'
import { arrayText, objectText, splitObject, type RecordText } from '../model/canonical.ts'
import type { MergeReport } from '../report/report.ts'
import { originAt } from './convergence/origin.ts'
import type { Records } from './live.ts'
import type { Source } from './source.ts'

/** The records of a collection that got another number, as these reports tell. */
export function renumberedIn(source: Source, name: string, reports: readonly MergeReport[]): Renumbered[] {
  const { key: fields, serialKey } = source.rules(name)
  if (!serialKey) return []
  const decisions = reports.filter((report) => report.source === source.source).flatMap((report) => report.decisions)
  return renumberedRecords(
    decisions.flatMap(({ collection, kind, rule, key, base, ours, chosen }) => {
      if (collection !== name || kind !== 'key-collision' || rule !== 'rekeyed') return []
      if (ours === undefined || chosen === undefined) return []
      const number = arrayText([chosen])
      return [{ from: { key, record: base ?? ours }, to: { key: number, record: withKey(ours, fields, number) } }]
    }),
  )
}

export interface PlacesQuestion {
  readonly name: string
  /** Records of the collection that may be meant. */
  readonly records: Records
  /** Where they are committed; undefined: nowhere yet, so only the very same text tells. */
  readonly commit: string | undefined
}

/** Those under which that very record is there, whatever was written to it since. What it refers to may have got another number with it. */
export async function placesAt(
  source: Source,
  places: readonly Place[],
  { name, records, commit }: PlacesQuestion,
): Promise<Place[]> {
  const schema = source.description.collections.find((each) => each.name === name)
  const references = schema === undefined ? [] : referencesFor(source.config, schema, source.description.collections)
  const moving = new Set(references.flatMap(({ fields }) => fields))
  const bare = (record: RecordText): string =>
    objectText([...splitObject(record)].filter(([field]) => !moving.has(field)))
  const found: Place[] = []
  for (const place of places) {
    const { key } = place
    const text = records.get(key)
    if (text === undefined) continue
    const isSame = (other: RecordText | undefined): boolean => other !== undefined && bare(other) === bare(place.record)
    if (isSame(text) || (commit !== undefined && isSame(await originAt(source, name, { commit, key }))))
      found.push(place)
  }
  return found
}
