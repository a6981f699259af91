/** Creates collections with their unique keys, which is all of a structure that MongoDB has. It cannot be done inside a transaction. */
import { UsageError } from '../../model/errors.ts'
import type { SchemaChange } from '../../model/schema-change.ts'
import type { MongoConnection } from './connect.ts'

/** The statements that make the additions, as a person would type them into mongosh. @throws UsageError for an addition that MongoDB cannot make */
export function statementsFor(changes: readonly SchemaChange[]): string[] {
  return changes.flatMap((change) => {
    const { name, uniques } = creation(change)
    const indexes = uniques.map(
      (fields) => `db.getCollection(${JSON.stringify(name)}).createIndex(${keysText(fields)}, {unique: true})`,
    )
    return [`db.createCollection(${JSON.stringify(name)})`, ...indexes]
  })
}

/** The name and the unique keys of the collection to create. @throws UsageError for any other addition, and for names that MongoDB does not take */
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

/** The fields of an index, as mongosh takes them: `{"a": 1, "b": 1}`. */
function keysText(fields: readonly string[]): string {
  return `{${fields.map((field) => `${JSON.stringify(field)}: 1`).join(', ')}}`
}

/** Creates the collections and indexes that do not exist yet; doing it again changes nothing. @throws UsageError for an addition that MongoDB cannot make */
export async function changeStructure(
  { db }: Pick<MongoConnection, 'db'>,
  changes: readonly SchemaChange[],
): Promise<void> {
  if (changes.length === 0) return
  // compared here, as not every server that speaks the protocol knows a filter for names
  const there = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name))
  for (const change of changes) {
    const { name, uniques } = creation(change)
    if (!there.has(name)) await db.createCollection(name)
    for (const fields of uniques)
      await db.collection(name).createIndex(new Map(fields.map((field) => [field, 1 as const])), { unique: true })
  }
}
