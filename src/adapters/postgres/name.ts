/** Names of tables: collection name ↔ schema and table, and quoting for SQL. Separate because every other file here needs it and nothing else does. */

export interface TableName {
  readonly schema: string
  readonly table: string
}

/** `traders` for schema public, else `sales.orders`; a part that holds a dot or a quotation mark is written quoted: `"a.b"`. */
export function collectionName({ schema, table }: TableName): string {
  return schema === 'public' ? quotePart(table) : `${quotePart(schema)}.${quotePart(table)}`
}

/** The inverse of `collectionName`; `public.` may be written out. Undefined when the text is no such name. */
export function parseCollectionName(name: string): TableName | undefined {
  const match = /^(?:("(?:[^"]|"")+"|[^."]+)\.)?("(?:[^"]|"")+"|[^."]+)$/.exec(name)
  if (match === null) return undefined
  return { schema: match[1] === undefined ? 'public' : unquotePart(match[1]), table: unquotePart(match[2] ?? '') }
}

/** An SQL identifier, always quoted, so that no name is a keyword or more than a name. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** `"schema"."table"` for SQL. */
export function qualified({ schema, table }: TableName): string {
  return `${identifier(schema)}.${identifier(table)}`
}

function quotePart(part: string): string {
  return /[."]/.test(part) ? identifier(part) : part
}

function unquotePart(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part
}
