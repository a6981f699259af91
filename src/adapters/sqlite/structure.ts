/** Additions to the structure of an SQLite database: the statements for them, with types from a closed list, and running these inside a transaction of the caller. */
import type { ValueText } from '../../model/canonical.ts'
import type { CollectionSchema, FieldSchema, Reference } from '../../model/collection.ts'
import { UndoneError, UsageError } from '../../model/errors.ts'
import { type SchemaChange, declaredFields } from '../../model/schema-change.ts'
import { quotedName, quotedText } from '../sql-text.ts'
import { wronglyChanged } from '../structure-check.ts'
import type { SqliteConnection, SqlValue } from './connect.ts'
import { STATE_TABLE, describeDatabase } from './describe.ts'
import { boundValue, realText } from './values.ts'

/** Our type names → what to declare, so that the column gets the affinity that the name stands for. */
const DECLARED: Readonly<Record<string, string>> = {
  integer: 'INTEGER',
  text: 'TEXT',
  blob: 'BLOB',
  real: 'REAL',
  numeric: 'NUMERIC',
  any: '',
}

/** The statements that make the additions, in their order. @throws UsageError for an addition that SQLite cannot make */
export function statementsFor(changes: readonly SchemaChange[]): string[] {
  const references = changes.filter((change) => change.kind === 'add-reference')
  const statements = changes.flatMap((change) => statementFor(change, references))
  const separate = references.filter((change) => !isColumnReference(change.reference, changes, change.collection))
  if (separate[0] === undefined) return statements
  throw new UsageError(`${separate[0].collection}: SQLite adds a reference only together with its one new column`, {
    hint: 'run your migration on this machine',
  })
}

type AddReference = Extract<SchemaChange, { readonly kind: 'add-reference' }>

function statementFor(change: SchemaChange, references: readonly AddReference[]): string[] {
  switch (change.kind) {
    case 'create':
      return [createTable(change.schema, declaredFields(change))]
    case 'add-field': {
      const own = references.find(
        ({ collection, reference }) => collection === change.collection && isOf(reference, change.field),
      )
      return [addColumn(change, own?.reference)]
    }
    case 'add-unique': {
      const name = `${change.collection}_${change.fields.join('_')}_key`
      return [
        `CREATE UNIQUE INDEX ${quotedName(name)} ON ${checkedTable(change.collection)} ${nameList(change.fields)}`,
      ]
    }
    case 'add-reference':
      return []
    default:
      throw new UsageError(`${change.collection}: SQLite has no enumerations`)
  }
}

/** True when the reference is of this one field alone. */
function isOf(reference: Reference, field: FieldSchema): boolean {
  return reference.fields.length === 1 && reference.fields[0] === field.name
}

function isColumnReference(reference: Reference, changes: readonly SchemaChange[], collection: string): boolean {
  return changes.some(
    (change) => change.kind === 'add-field' && change.collection === collection && isOf(reference, change.field),
  )
}

function createTable(schema: CollectionSchema, declared: readonly FieldSchema[]): string {
  const [only, ...others] = schema.key
  const rowid = schema.fields.find(({ serial }) => serial === true)
  if (rowid !== undefined && (only !== rowid.name || others.length > 0 || rowid.type !== 'integer'))
    throw new UsageError(`${schema.name}: in SQLite only a single integer key numbers itself`)
  const columns = declared.map((field) =>
    field === rowid ? `${quotedName(field.name)} INTEGER PRIMARY KEY` : columnDefinition(schema, field),
  )
  const key = rowid === undefined && schema.key.length > 0 ? [`PRIMARY KEY ${nameList(schema.key)}`] : []
  const uniques = schema.uniques.map((fields) => `UNIQUE ${nameList(fields)}`)
  const references = schema.references.map(
    (reference) => `FOREIGN KEY ${nameList(reference.fields)} ${referenceClause(reference)}`,
  )
  return `CREATE TABLE ${checkedTable(schema.name)} (\n  ${[...columns, ...key, ...uniques, ...references].join(',\n  ')}\n)`
}

/** A single key that is declared INTEGER would become the rowid, and SQLite would number it. INT has the same affinity and does not do that. */
function columnDefinition(schema: CollectionSchema, field: FieldSchema): string {
  const isKey = schema.key.length === 1 && schema.key[0] === field.name
  const declared = isKey && field.type === 'integer' ? 'INT' : declaredType(schema.name, field)
  return [quotedName(field.name), declared, field.required === true ? 'NOT NULL' : '']
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
    `ALTER TABLE ${checkedTable(collection)} ADD COLUMN ${quotedName(field.name)}`,
    declaredType(collection, field),
    field.required === true ? 'NOT NULL' : '',
    fill === undefined ? '' : `DEFAULT ${defaultLiteral(collection, field, fill)}`,
    reference === undefined ? '' : referenceClause(reference),
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function referenceClause({ to, toFields }: Reference): string {
  return `REFERENCES ${checkedTable(to)} ${nameList(toFields)}`
}

function defaultLiteral(collection: string, field: FieldSchema, text: ValueText): string {
  const { slot, value } = boundValue(text)
  const plain = slot === '?' ? sqlLiteral(value) : undefined
  if (plain !== undefined) return plain
  throw new UsageError(`${collection}: ${text.slice(0, 40)} cannot be the default of ${field.name}`)
}

function sqlLiteral(value: SqlValue): string | undefined {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? realText(value) : undefined
  if (typeof value === 'string') return value.includes('\0') ? undefined : quotedText(value)
  return value === null ? undefined : `x'${Buffer.from(value).toString('hex')}'`
}

/** The table's name for SQL. @throws UsageError for a name that SQLite or this tool keeps for itself */
function checkedTable(name: string): string {
  if (/^sqlite_/i.test(name) || name.toLowerCase().startsWith(STATE_TABLE))
    throw new UsageError(`${JSON.stringify(name)} is a name that SQLite or tandem keeps for itself`)
  return quotedName(name)
}

function nameList(names: readonly string[]): string {
  return `(${names.map(quotedName).join(', ')})`
}

/**
 * Makes the additions. The caller must have a transaction open and roll it back when this throws.
 * @throws UsageError for an addition that SQLite cannot make; UndoneError when the resulting structure is not what the additions promise
 */
export function changeStructure(connection: SqliteConnection, changes: readonly SchemaChange[]): void {
  if (changes.length === 0) return
  const before = describeDatabase(connection, '').collections
  for (const statement of statementsFor(changes)) connection.exec(statement)
  const wrong = wronglyChanged(changes, before, describeDatabase(connection, '').collections)
  if (wrong === undefined) return
  throw new UndoneError(`${wrong}: SQLite made another structure of it than the exports have; nothing was changed`, {
    hint: 'run your migration on this machine',
  })
}
