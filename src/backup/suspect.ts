/** A source that is suddenly empty or halved: an unmounted disk and a dropped table look like that. The backup is kept, but retention must not trade the good ones for it. Pure. */
import type { CatalogueEntry, CataloguedSource } from './catalogue.ts'

/** A table of a few rows may lose half of them any day. */
const FEW = 10

/** What is suspicious, in a sentence; undefined: nothing. Each source is compared with its last backup that was not suspicious itself. */
export function suspicion(
  sources: readonly Pick<CataloguedSource, 'name' | 'records'>[],
  before: readonly CatalogueEntry[],
): string | undefined {
  const sudden = sources.flatMap(({ name, records }) => {
    const last = before
      .filter((entry) => entry.suspect === undefined && entry.readable !== undefined)
      .flatMap((entry) => entry.sources.filter((each) => each.name === name))
      .at(-1)
    if (last === undefined || last.records === 0 || records > last.records / 2) return []
    if (records > 0 && last.records <= FEW) return []
    return [`${name} has ${records} records, and had ${last.records} in the backup before`]
  })
  return sudden.length === 0 ? undefined : sudden.join('; ')
}
