/** New collections with their unique keys. MongoDB has no structure to add to otherwise, and making one is no part of a transaction. */
import { UsageError } from '../../model/errors.ts'
import type { SchemaChange } from '../../model/schema-change.ts'
import type { Connection } from './connect.ts'

/** As a person would type them into mongosh. @throws UsageError for what is no collection */
export function statementsFor(changes: readonly SchemaChange[]): string[] {
  return changes.flatMap((change) => {
    const { name, uniques } = creation(change)
    const indexes = uniques.map(
      (fields) => `db.getCollection(${JSON.stringify(name)}).createIndex(${keysText(fields)}, {unique: true})`,
    )
    return [`db.createCollection(${JSON.stringify(name)})`, ...indexes]
  })
}

function creation(change: SchemaChange): { readonly name: string; readonly uniques: readonly (readonly string[])[] } {
  if (change.kind !== 'create' || change.schema.order !== 'kept')
    throw new UsageError(`${change.collection}: the exports are those of a table, the database is MongoDB`)
  const { name, uniques } = change.schema
  const fields = uniques.flat()
  if (/^system\.|^_tandem|[$\0]/.test(name)) throw new UsageError(`${JSON.stringify(name)} is no name for a collection`)
  if (fields.some((field) => field === '' || /[.$\0]/.test(field)))
    throw new UsageError(`${name}: a unique key names no plain field`)
  return { name, uniques }
}

function keysText(fields: readonly string[]): string {
  return `{${fields.map((field) => `${JSON.stringify(field)}: 1`).join(', ')}}`
}

/** Makes what is not there yet; a second time changes nothing. */
export async function changeStructure({ db }: Pick<Connection, 'db'>, changes: readonly SchemaChange[]): Promise<void> {
  for (const change of changes) {
    const { name, uniques } = creation(change)
    const there = await db.listCollections({ name }, { nameOnly: true }).toArray()
    if (there.length === 0) await db.createCollection(name)
    for (const fields of uniques)
      await db.collection(name).createIndex(new Map(fields.map((field) => [field, 1 as const])), { unique: true })
  }
}
