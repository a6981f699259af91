/** Fields that a migration brought to both sides since they parted: what it filled into existing records is nobody's edit, so the commits before it are read as if they had it. */
import type { CommitGraph } from '../../git/graph.ts'
import { complete } from '../../git/lazily.ts'
import { filledFields, type FilledField } from '../../merge/new-fields.ts'
import { sortedObjectText, splitObject, type RecordText, type ValueText } from '../../model/canonical.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import { readCommitted, readRecords, type ExportsPlace } from '../committed.ts'
import type { Records } from '../live.ts'
import type { HistoryPlace } from './collection-history.ts'

type Schemaed = { readonly schema: CollectionSchema } | undefined

/** Fields that both sides declare and the base did not. */
export function newFields(base: Schemaed, sides: readonly Schemaed[]): string[] {
  if (base === undefined) return []
  const names = (side: Schemaed): Set<string> => new Set(side?.schema.fields.map((field) => field.name))
  const [known, first, second] = [names(base), names(sides[0]), names(sides[1])]
  return [...first].filter((name) => second.has(name) && !known.has(name))
}

/** How earlier records are read between two sides whose records are at hand; undefined: as they are. */
export function fillingIn(
  fields: readonly string[],
  sides: { readonly ours: Records; readonly theirs: Records },
  defaults?: ReadonlyMap<string, ValueText>,
): HistoryPlace['filled'] {
  const filled = fields.length === 0 ? [] : filledFields(sides, fields, defaults)
  if (filled.length === 0) return undefined
  return (text, schema) => fill(text, filled, new Set(schema.fields.map(({ name }) => name)))
}

function fill(text: RecordText, filled: readonly FilledField[], known: ReadonlySet<string>): RecordText {
  const fields = splitObject(text)
  const missing = filled.filter(([name]) => !known.has(name) && !fields.has(name))
  return missing.length === 0 ? text : sortedObjectText(new Map([...missing, ...fields]))
}

/** The same between two commits. */
export async function filledBetween(
  place: ExportsPlace,
  name: string,
  at: { readonly graph: CommitGraph; readonly ours: string; readonly theirs: string },
): Promise<HistoryPlace['filled']> {
  const { graph, ours, theirs } = at
  const [base] = await complete(() => graph.bases(ours, theirs))
  if (base === undefined) return undefined
  const [before, mine, other] = await Promise.all(
    [base, ours, theirs].map(async (commit) => (await readCommitted(place, commit)).get(name)),
  )
  const fields = newFields(before, [mine, other])
  if (fields.length === 0) return undefined
  return fillingIn(fields, { ours: await readRecords(place, mine), theirs: await readRecords(place, other) })
}
