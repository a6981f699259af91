/** Additions to an SQLite structure as statements, from a closed list of types, and their performance inside a transaction that others end. */
import type { CollectionSchema, FieldSchema, Reference } from '../../model/collection.ts'
import type { ValueText } from '../../model/canonical.ts'
import { UndoneError, UsageError } from '../../model/errors.ts'
import { changedSchema, sameStructure, type SchemaChange } from '../../model/schema-change.ts'
import type { Connection, SqlValue } from './connect.ts'
import { describeDatabase, STATE_TABLE } from './describe.ts'
import { boundValue, quoted } from './values.ts'

/** Our type names → what to declare, so that the column gets the affinity that the name stands for. */
const DECLARED: Readonly<Record<string, string>> = {
  integer: 'INTEGER',
  text: 'TEXT',
  blob: 'BLOB',
  real: 'REAL',
  numeric: 'NUMERIC',
  any: '',
}

/** @throws UsageError for what SQLite cannot make */
export function statementsFor(changes: readonly SchemaChange[]): string[] {
  const references = changes.filter((change) => change.kind === 'add-reference')
  const statements = changes.flatMap((change) => statementFor(change, references))
  const taken = references.filter((change) => !isColumnReference(change.reference, changes, change.collection))
  if (taken[0] === undefined) return statements
  throw new UsageError(`${taken[0].collection}: SQLite adds a reference only together with its one new column`, {
    hint: 'run your migration on this machine',
  })
}

type AddReference = Extract<SchemaChange, { readonly kind: 'add-reference' }>

function statementFor(change: SchemaChange, references: readonly AddReference[]): string[] {
  switch (change.kind) {
    case 'create':
      return [createTable(change.schema)]
    case 'add-field': {
      const own = references.find(
        ({ collection, reference }) => collection === change.collection && isOf(reference, change.field),
      )
      return [addColumn(change, own?.reference)]
    }
    case 'add-unique': {
      const name = `${change.collection}_${change.fields.join('_')}_key`
      return [`CREATE UNIQUE INDEX ${quoted(name)} ON ${table(change.collection)} ${list(change.fields)}`]
    }
    case 'add-reference':
      return []
    default:
      throw new UsageError(`${change.collection}: SQLite has no enumerations`)
  }
}

function isOf(reference: Reference, field: FieldSchema): boolean {
  return reference.fields.length === 1 && reference.fields[0] === field.name
}

function isColumnReference(reference: Reference, changes: readonly SchemaChange[], collection: string): boolean {
  return changes.some(
    (change) => change.kind === 'add-field' && change.collection === collection && isOf(reference, change.field),
  )
}

function createTable(schema: CollectionSchema): string {
  const [only, ...others] = schema.key
  const rowid = schema.fields.find(({ serial }) => serial === true)
  if (rowid !== undefined && (only !== rowid.name || others.length > 0 || rowid.type !== 'integer'))
    throw new UsageError(`${schema.name}: in SQLite only a single integer key numbers itself`)
  const columns = schema.fields.map((field) =>
    field === rowid ? `${quoted(field.name)} INTEGER PRIMARY KEY` : column(schema, field),
  )
  const key = rowid === undefined && schema.key.length > 0 ? [`PRIMARY KEY ${list(schema.key)}`] : []
  const uniques = schema.uniques.map((fields) => `UNIQUE ${list(fields)}`)
  const references = schema.references.map(
    (reference) => `FOREIGN KEY ${list(reference.fields)} ${referenceClause(reference)}`,
  )
  return `CREATE TABLE ${table(schema.name)} (\n  ${[...columns, ...key, ...uniques, ...references].join(',\n  ')}\n)`
}

/** A single key declared INTEGER would become the rowid and number itself; INT has the same affinity and does not. */
function column(schema: CollectionSchema, field: FieldSchema): string {
  const isKey = schema.key.length === 1 && schema.key[0] === field.name
  const declared = isKey && field.type === 'integer' ? 'INT' : declaredType(schema.name, field)
  return [quoted(field.name), declared, field.required === true ? 'NOT NULL' : '']
    .filter((part) => part !== '')
    .join(' ')
}

function declaredType(collection: string, field: FieldSchema): string {
  const declared = Object.hasOwn(DECLARED, field.type) ? DECLARED[field.type] : undefined
  if (declared !== undefined) return declared
  throw new UsageError(
    `${collection}: ${JSON.stringify(field.type)} of ${field.name} is no type that SQLite can be given`,
    {
      hint: `known: ${Object.keys(DECLARED).join(', ')}`,
    },
  )
}

function addColumn(
  { collection, field, fill }: Extract<SchemaChange, { readonly kind: 'add-field' }>,
  reference: Reference | undefined,
): string {
  const parts = [
    `ALTER TABLE ${table(collection)} ADD COLUMN ${quoted(field.name)}`,
    declaredType(collection, field),
    field.required === true ? 'NOT NULL' : '',
    fill === undefined ? '' : `DEFAULT ${literal(collection, field, fill)}`,
    reference === undefined ? '' : referenceClause(reference),
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function referenceClause({ to, toFields }: Reference): string {
  return `REFERENCES ${table(to)} ${list(toFields)}`
}

function literal(collection: string, field: FieldSchema, text: ValueText): string {
  const { slot, value } = boundValue(text)
  const plain = slot === '?' ? sqlLiteral(value) : undefined
  if (plain !== undefined) return plain
  throw new UsageError(`${collection}: ${text.slice(0, 40)} cannot be the default of ${field.name}`)
}

function sqlLiteral(value: SqlValue): string | undefined {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? realLiteral(value) : undefined
  if (typeof value === 'string') return value.includes('\0') ? undefined : `'${value.replaceAll("'", "''")}'`
  return value === null ? undefined : `x'${Buffer.from(value).toString('hex')}'`
}

function realLiteral(value: number): string {
  const text = Object.is(value, -0) ? '-0.0' : String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** @throws UsageError for names that SQLite or this tool keep for themselves */
function table(name: string): string {
  if (/^sqlite_/i.test(name) || name.toLowerCase().startsWith(STATE_TABLE))
    throw new UsageError(`${JSON.stringify(name)} is a name that SQLite or tandem keeps for itself`)
  return quoted(name)
}

function list(names: readonly string[]): string {
  return `(${names.map(quoted).join(', ')})`
}

/**
 * Makes the additions. Only inside a transaction.
 * @throws UndoneError when the structure is not what they promise
 */
export function changeStructure(connection: Connection, changes: readonly SchemaChange[]): void {
  if (changes.length === 0) return
  const before = schemasOf(connection)
  for (const statement of statementsFor(changes)) connection.exec(statement)
  const after = schemasOf(connection)
  for (const name of new Set(changes.map(({ collection }) => collection))) {
    const found = after.get(name)
    const wanted = changedSchema(
      before.get(name),
      changes.filter(({ collection }) => collection === name),
    )
    if (found === undefined || !sameStructure(found, wanted))
      throw new UndoneError(`${name}: SQLite made another structure of it than the exports have; nothing was changed`, {
        hint: 'run your migration on this machine',
      })
  }
}

function schemasOf(connection: Connection): ReadonlyMap<string, CollectionSchema> {
  return new Map(describeDatabase(connection, '').collections.map((schema) => [schema.name, schema]))
}
