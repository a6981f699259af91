/** `--only SOURCE/COLLECTION` inside a source: the collections meant, and a word when there is none of that name. Apart from sources.ts, which knows no database. */
import { nearestName } from '../config/nearest.ts'
import { UsageError } from '../model/errors.ts'
import type { Committed } from './committed.ts'
import type { Source } from './source.ts'
import type { Only } from './sources.ts'

/**
 * The names of the collections that take part, live ones first, then those that only the exports have.
 * @throws UsageError when `--only` names none of them
 */
export function chosenCollections(source: Source, committed: Committed, only: Only | undefined): string[] {
  const excluded = new Set(source.leftOut.map(({ name }) => name))
  const exportedOnly = [...committed.keys()].filter((name) => !source.selections.has(name) && !excluded.has(name))
  const names = [...source.selections.keys(), ...exportedOnly]
  if (only?.collection === undefined) return names
  if (names.includes(only.collection)) return [only.collection]
  const nearest = nearestName(only.collection, names)
  throw new UsageError(`source ${source.source} has no collection ${only.collection}, or it is excluded`, {
    hint: nearest === undefined ? `It has: ${names.join(', ')}` : `Did you mean ${source.source}/${nearest}?`,
  })
}
