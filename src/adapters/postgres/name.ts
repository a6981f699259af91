/** Names of tables: from the name of a collection to schema and table and back, and quoted for SQL. */
import { quotedName } from '../sql-text.ts'

/** A table by the names in the catalogue, unquoted. */
export interface TableName {
  readonly schema: string
  readonly table: string
}

/** The name of a table's collection: `traders` for schema public, `sales.orders` for others; a part with a dot or quotation mark in it is quoted: `"a.b"`. */
export function collectionName({ schema, table }: TableName): string {
  return schema === 'public' ? quotePart(table) : `${quotePart(schema)}.${quotePart(table)}`
}

/** The table of a collection name as `collectionName` writes it; `public.` in front is accepted too. Undefined when the text is no such name. */
export function parseCollectionName(name: string): TableName | undefined {
  const match = /^(?:("(?:[^"]|"")+"|[^."]+)\.)?("(?:[^"]|"")+"|[^."]+)$/.exec(name)
  if (match === null) return undefined
  return { schema: match[1] === undefined ? 'public' : unquotePart(match[1]), table: unquotePart(match[2] ?? '') }
}

/** `"schema"."table"` for SQL. */
export function qualified({ schema, table }: TableName): string {
  return `${quotedName(schema)}.${quotedName(table)}`
}

function quotePart(part: string): string {
  return /[."]/.test(part) ? quotedName(part) : part
}

function unquotePart(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part
}
