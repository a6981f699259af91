/** The option `--only SOURCE` or `--only SOURCE/COLLECTION`, and the collections of a source that it chooses. */
import { nearestName } from '../config/nearest.ts'
import { UsageError } from '../model/errors.ts'
import type { Source } from './source.ts'

/** The parts of `--only app` or `--only app/traders`; `collection` is undefined in the first form. */
export interface Only {
  readonly source: string
  readonly collection: string | undefined
}

/** Takes the text of `--only` apart; undefined when the option is not given. */
export function parseOnly(text: string | undefined): Only | undefined {
  if (text === undefined) return undefined
  const slash = text.indexOf('/')
  return slash < 0
    ? { source: text, collection: undefined }
    : { source: text.slice(0, slash), collection: text.slice(slash + 1) }
}

/**
 * The names of the collections to work on: those of the database first, then those that only the exports have; with `--only` the named one alone.
 * @param exported names of the collections in the exports
 * @throws UsageError when `--only` names no such collection
 */
export function chosenCollections(source: Source, exported: Iterable<string>, only: Only | undefined): string[] {
  const excluded = new Set(source.leftOut.map(({ name }) => name))
  const exportedOnly = [...exported].filter((name) => !source.selections.has(name) && !excluded.has(name))
  const names = [...source.selections.keys(), ...exportedOnly]
  if (only?.collection === undefined) return names
  if (names.includes(only.collection)) return [only.collection]
  const nearest = nearestName(only.collection, names)
  throw new UsageError(`source ${source.source} has no collection ${only.collection}, or it is excluded`, {
    hint: nearest === undefined ? `It has: ${names.join(', ')}` : `Did you mean ${source.source}/${nearest}?`,
  })
}
