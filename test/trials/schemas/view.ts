/** A machine's tables as people see them: rows by what they are, and parents by what these are, whatever numbers they have. */
import type { Asset } from '../../support/asset.ts'
import type { Row } from '../../support/live-database.ts'
import type { Fields } from './ledger.ts'
import { PARENTS, TABLE_NAMES } from './world.ts'

export interface Seen {
  readonly table: string
  readonly what: string
  /** As the database has it. */
  readonly row: Row
  /** Its fields by name; those that refer, by what they refer to, or by their number where there is no such row. */
  readonly fields: Fields
}

/** Not data of people: the key, what marks the row, what differs by machine, and places, which are judged by themselves. */
const APART = new Set(['id', 'name', 'what', 'password', 'pos'])

/** Every row of a machine. */
export async function viewOf({ database }: Pick<Asset, 'database'>): Promise<Seen[]> {
  const tables = new Map<string, readonly Row[]>()
  for (const table of TABLE_NAMES) tables.set(table, await database.rows(table))
  return TABLE_NAMES.flatMap((table) =>
    (tables.get(table) ?? []).map((row) => ({
      table,
      what: String(row['what']),
      row,
      fields: fieldsOf(table, row, tables),
    })),
  )
}

function fieldsOf(table: string, row: Row, tables: ReadonlyMap<string, readonly Row[]>): Fields {
  const parents = new Map(PARENTS[table])
  const fields = Object.entries(row).filter(([name]) => !APART.has(name))
  return Object.fromEntries(
    fields.map(([name, value]) => {
      const parent = parents.get(name)
      return [name, parent === undefined ? numberless(value) : parentOf(tables.get(parent) ?? [], String(value))]
    }),
  )
}

/** 18 and 18.0 are one price. */
function numberless(value: string | null): string {
  return value !== null && /^-?\d+\.0$/.test(value) ? value.slice(0, -2) : String(value)
}

function parentOf(rows: readonly Row[], key: string): string {
  const found = rows.find((row) => String(row['id'] ?? row['name']).toLowerCase() === key.toLowerCase())
  return found === undefined ? key : String(found['what'])
}

/** The rows that refer to this one, as a machine sees them. */
export function childrenOf(seen: readonly Seen[], { table, what }: Seen): Seen[] {
  return seen.filter((each) =>
    (PARENTS[each.table] ?? []).some(([field, parent]) => parent === table && each.fields[field] === what),
  )
}
