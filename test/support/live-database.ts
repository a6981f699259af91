/** The live database of one machine as a test sees it: records in, records out, whatever the engine. Separate from the engines, which are a file each. */

/** A record as a test writes it; dates are instants. */
export type Fields = Readonly<Record<string, string | number | boolean | null | Date>>

/** A record as a test reads it: every value as text, null where there is none. */
export type Row = Readonly<Record<string, string | null>>

export interface LiveDatabase {
  /** What `tandem.config.json` or `.env` names it by. */
  readonly url: string
  insert(collection: string, records: readonly Fields[]): Promise<void>
  /** Sets `fields` of the records that `where` describes. */
  change(collection: string, where: Fields, fields: Fields): Promise<void>
  remove(collection: string, where: Fields): Promise<void>
  /** All records, in the order of their text. */
  rows(collection: string): Promise<readonly Row[]>
  /** Statements in the engine's own language: SQL, or one command document as JSON for MongoDB. Answers the rows of the last. */
  run(...statements: readonly string[]): Promise<readonly Row[]>
  drop(): Promise<void>
}

export interface Engine {
  readonly name: string
  /** `traders` with a text key, `posts` whose integer key the database hands out; empty. MongoDB's `_id` is the key of both. */
  readonly tables: readonly string[]
  /** The name of a trader's key field. */
  readonly key: string
  /** True when the URL has this machine's address in it, so that it comes from `.env`. */
  readonly local: boolean
  /** @param root the clone's work tree; @param index which machine, from 0 */
  create(root: string, index: number): Promise<LiveDatabase>
}

/** A value as an SQL literal. */
function literal(value: Fields[string]): string {
  if (value === null || value === undefined) return 'NULL'
  if (value instanceof Date) return `'${value.toISOString()}'`
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
}

function condition(where: Fields): string {
  return Object.entries(where)
    .map(([name, value]) => (value === null ? `"${name}" IS NULL` : `"${name}" = ${literal(value)}`))
    .join(' AND ')
}

/** The record operations in SQL, over a way to run statements. */
export function sqlOperations(
  run: LiveDatabase['run'],
): Pick<LiveDatabase, 'run' | 'insert' | 'change' | 'remove' | 'rows'> {
  return {
    run,
    insert: async (collection, records) => {
      const statements = records.map((record) => {
        const names = Object.keys(record).map((name) => `"${name}"`)
        return `INSERT INTO "${collection}" (${names.join(', ')}) VALUES (${Object.values(record).map(literal).join(', ')})`
      })
      await run('BEGIN', ...statements, 'COMMIT')
    },
    change: async (collection, where, fields) => {
      const sets = Object.entries(fields).map(([name, value]) => `"${name}" = ${literal(value)}`)
      await run(`UPDATE "${collection}" SET ${sets.join(', ')} WHERE ${condition(where)}`)
    },
    remove: async (collection, where) => void (await run(`DELETE FROM "${collection}" WHERE ${condition(where)}`)),
    rows: async (collection) => inOrder(await run(`SELECT * FROM "${collection}"`)),
  }
}

/** Rows in the order of their text. */
export function inOrder(rows: readonly Row[]): Row[] {
  const texts = new Map(rows.map((row) => [row, JSON.stringify(row)]))
  return [...rows].sort((a, b) => ((texts.get(a) as string) < (texts.get(b) as string) ? -1 : 1))
}

/** A value as a test reads it. */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'string') return value
  return typeof value === 'object' ? JSON.stringify(value) : (value as number | bigint | boolean).toString()
}
