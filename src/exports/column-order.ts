/** The order of a table's columns, which travels in the messages of data commits: written from what a database has, and read for a table that is to be made. */
import { parseCollectionFile } from '../format/collection-file.ts'
import { type ColumnsWritten, columnTrailers, columnsWritten } from '../git/history/column-trailers.ts'
import { DamagedError } from '../model/errors.ts'
import type { ExportsPlace, Source } from '../source/source.ts'

/**
 * The trailers for the collections whose `collection.json` is among these files, where their order of columns is not that of the names.
 * @param files paths from the repository's root
 */
export function columnLines(
  { source, selections, description, folder }: Pick<Source, 'source' | 'selections' | 'description' | 'folder'>,
  files: Iterable<string>,
): string[] {
  const written = new Set(files)
  return [...selections].flatMap(([name, { schema }]) => {
    const place = folder(name)
    if (!written.has(`${place}/collection.json`)) return []
    const fields = schema.fields.map((field) => field.name)
    const places = (description.columns.get(name) ?? []).map((column) => fields.indexOf(column)).filter((at) => at >= 0)
    const isSorted = places.every((at, index) => at === index)
    return isSorted || !fits(places, fields) ? [] : columnTrailers({ name: trailerName(source, place), places })
  })
}

/** Every field once. */
function fits(places: readonly number[], fields: readonly unknown[]): boolean {
  return places.length === fields.length && new Set(places).size === fields.length && places.every((at) => at in fields)
}

function trailerName(source: string, folder: string): string {
  return `${source}/${folder.slice(folder.lastIndexOf('/') + 1)}`
}

/** A collection of which some columns are to be made. */
export interface WantedColumns {
  readonly name: string
  /** The folder of its files, for example `exports/app/traders`. */
  readonly folder: string
  /** The names of the columns. */
  readonly fields: readonly string[]
}

/**
 * The columns of each wanted collection in the order that the history of `commit` tells: as its newest commit has them that says so, then what only an older one has, then the rest
 * in the order given. A message that does not fit the `collection.json` of its own commit counts for nothing. Reads git's history once for all of them.
 */
export async function columnOrders(
  place: ExportsPlace,
  commit: string,
  wanted: readonly WantedColumns[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const orders = new Map(wanted.map(({ name }) => [name, new Set<string>()]))
  if (wanted.length === 0) return new Map()
  const folder = `${place.exportsFolder}/${place.source}`
  for (const written of await columnsWritten(place.repository, commit, folder)) {
    const open = wanted.filter(({ name, fields }) => (orders.get(name)?.size ?? 0) < fields.length)
    if (open.length === 0) break
    for (const each of open)
      for (const column of await columnsAt(place, written, each.folder))
        if (each.fields.includes(column)) orders.get(each.name)?.add(column)
  }
  return new Map(wanted.map(({ name, fields }) => [name, [...new Set([...(orders.get(name) ?? []), ...fields])]]))
}

/** The names of the columns as one commit tells them; none when it tells nothing that fits. */
async function columnsAt(
  { repository, source }: ExportsPlace,
  { commit, columns }: ColumnsWritten,
  folder: string,
): Promise<string[]> {
  const places = columns.get(trailerName(source, folder))
  if (places === undefined) return []
  const [file] = await repository.objects.read([`${commit}:${folder}/collection.json`])
  const fields = file?.type === 'blob' ? fieldNames(file.bytes.toString(), `${folder}/collection.json`) : []
  return fits(places, fields) ? places.map((at) => fields[at] as string) : []
}

/** The names of the fields in a `collection.json`; none when it is damaged. */
function fieldNames(text: string, path: string): string[] {
  try {
    return parseCollectionFile(text, path).schema.fields.map(({ name }) => name)
  } catch (error) {
    if (error instanceof DamagedError) return []
    throw error
  }
}
