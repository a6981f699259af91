/**
 * The trailer `Tandem-Columns`: in which order a table has its columns. Equal data has equal exports, so the exports cannot say it. The message of the commit that writes a
 * `collection.json` says it instead, for tables that are made on other machines.
 */
import type { Repository } from '../repository.ts'

const TRAILER_COLUMNS = 'Tandem-Columns'

/** Linters of commit messages allow lines of this length. */
const LINE_LENGTH = 100

/** So much room is left for numbers behind a name that is long itself. */
const NUMBERS_LENGTH = 24

/** The order of the columns of a collection. */
export interface ColumnPlaces {
  /** `source/folder`, the folder as the exports name it. It has no spaces. */
  readonly name: string
  /** For each column, in the order of the table, its index in the `fields` of `collection.json`. */
  readonly places: readonly number[]
}

/** The trailers for one collection: as many lines as it needs. */
export function columnTrailers({ name, places }: ColumnPlaces): string[] {
  const start = `${TRAILER_COLUMNS}: ${name}`
  const length = Math.max(LINE_LENGTH, start.length + NUMBERS_LENGTH)
  const lines: string[] = []
  let line = start
  for (const place of places) {
    const longer = `${line} ${place}`
    if (longer.length > length) lines.push(line)
    line = longer.length > length ? `${start} ${place}` : longer
  }
  return [...lines, line]
}

/** `source/folder` → the numbers that the values of one commit's trailers give for it. Anybody may have written them: only their form is checked here. */
export function parseColumnTrailers(values: readonly string[]): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const value of values) {
    const [name, ...places] = value.split(/\s+/).filter(Boolean)
    if (name === undefined || !places.every((place) => /^\d{1,5}$/.test(place))) continue
    found.set(name, [...(found.get(name) ?? []), ...places.map(Number)])
  }
  return found
}

/** What one commit says about columns. */
export interface ColumnsWritten {
  readonly commit: string
  /** As `parseColumnTrailers` returns it. */
  readonly columns: ReadonlyMap<string, readonly number[]>
}

/** The commits in the history of `commit` that changed something below `folder` and have the trailer, newest first. */
export async function columnsWritten(
  repository: Repository,
  commit: string,
  folder: string,
): Promise<ColumnsWritten[]> {
  const format = `--format=%H%x01%(trailers:key=${TRAILER_COLUMNS},valueonly,unfold,separator=%x01)`
  const only = ['--fixed-strings', `--grep=${TRAILER_COLUMNS}: `]
  const text = await repository.git(['log', '-z', format, ...only, commit, '--', `:(top,literal)${folder}`])
  return text
    .split('\0')
    .filter(Boolean)
    .map((entry) => {
      const [id = '', ...values] = entry.split('\x01')
      return { commit: id, columns: parseColumnTrailers(values) }
    })
}
