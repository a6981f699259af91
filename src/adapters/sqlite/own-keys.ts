/**
 * Which keys of SQLite tables have to be compared by SQLite itself: collations other than BINARY, types that hold one number in two forms, partial and expression indexes, and
 * generated columns. In INTEGER and TEXT columns with the collation BINARY equal values have equal texts.
 */
import { compareBytes } from '../../model/canonical.ts'
import type { Reference, Selection } from '../../model/collection.ts'
import { type OwnKeys, type OwnUnique, namedUnique } from '../../model/key-equality.ts'
import { type Table, type UniqueIndex, readTables, sqlOf } from './catalog.ts'
import type { SqliteConnection } from './connect.ts'
import { typeOf } from './describe.ts'
import { referredColumns } from './foreign-keys.ts'
import { columnDefinition, indexParts, namesIn, plainSql } from './sql-parts.ts'

/** See `Adapter.ownKeys`. */
export function ownKeys(connection: SqliteConnection, selections: readonly Selection[]): ReadonlyMap<string, OwnKeys> {
  const tables = readTables(connection)
  const known = new Set(connection.rows('SELECT name FROM pragma_collation_list').map(([name]) => String(name)))
  return new Map(
    selections.flatMap((selection): (readonly [string, OwnKeys])[] => {
      const { name, references } = selection.schema
      const table = tables.get(name)
      // a collation of the application's: nothing can be compared by it here
      const isForeign = table?.uniqueIndexes.some(({ collations }) => collations.some((each) => !known.has(each)))
      if (table === undefined || isForeign === true) return []
      const uniques = table.uniqueIndexes.flatMap((index) => ownUnique(connection, { table, selection, index }))
      const own = references.filter((reference) => isOwnReference(table, tables.get(reference.to), reference))
      const named = new Map(
        table.uniqueIndexes.flatMap((index): (readonly [string, string])[] => {
          const isDeclared = selection.schema.uniques.some(
            (unique) => namedUnique(unique) === namedUnique(index.columns ?? []),
          )
          return isDeclared && isComparedByText(table, index) ? [[namedUnique(index.columns ?? []), index.name]] : []
        }),
      )
      return uniques.length + own.length + named.size === 0 ? [] : [[name, { uniques, references: own, named }]]
    }),
  )
}

function isComparedByText(table: Table, { columns, collations }: UniqueIndex): boolean {
  return columns?.every((column, i) => isByText(table, column) && collations[i] === 'BINARY') === true
}

interface IndexOf {
  readonly table: Table
  readonly selection: Selection
  readonly index: UniqueIndex
}

/** Nothing for an index that can be compared by texts, or that depends on a field which is not exported. */
function ownUnique(connection: SqliteConnection, { table, selection, index }: IndexOf): OwnUnique[] {
  const { columns, name } = index
  if (isComparedByText(table, index)) return []
  const { compared, generated } = comparedBy(connection, table, index)
  const fields = [...compared].filter((column) => !generated.has(column)).sort(compareBytes)
  const selected = new Set(selection.schema.fields.map((field) => field.name))
  if (!fields.every((field) => selected.has(field))) return []
  if (columns?.every((column) => !isGenerated(table, column)) === true) return [{ name, fields, declared: columns }]
  return [{ name, fields, definition: definitionOf(index, generated) }]
}

/** The columns of the record on which the index depends. Generated columns are followed to those that they are computed from; what computes them is answered too. */
function comparedBy(
  connection: SqliteConnection,
  table: Table,
  index: UniqueIndex,
): { readonly compared: ReadonlySet<string>; readonly generated: ReadonlyMap<string, string> } {
  const names = table.columns.map((column) => column.name)
  const sql = sqlOf(connection, 'table', table.name) ?? ''
  const { expressions, where } = indexParts(index.sql ?? '')
  const waiting = [...(index.columns ?? namesIn([...expressions, where ?? ''].join(' '), names))]
  const compared = new Set<string>()
  const generated = new Map<string, string>()
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (compared.has(name)) continue
    compared.add(name)
    if (!isGenerated(table, name)) continue
    generated.set(name, columnDefinition(sql, name))
    waiting.push(...namesIn(generated.get(name) ?? '', names))
  }
  return { compared, generated }
}

/** See `OwnUnique.definition`. */
function definitionOf({ columns, sql, collations }: UniqueIndex, generated: ReadonlyMap<string, string>): string {
  const { expressions, where } = columns === undefined ? indexParts(sql ?? '') : { expressions: [], where: undefined }
  const computed = [...generated].map(([name, definition]) => [name.toLowerCase(), plainSql(definition)])
  return JSON.stringify([
    (columns ?? []).map((column) => column.toLowerCase()),
    expressions.map(plainSql),
    collations,
    plainSql(where ?? ''),
    computed.sort(([a = ''], [b = '']) => compareBytes(a, b)),
  ])
}

function isGenerated(table: Table, name: string): boolean {
  return table.columns.some((column) => column.name === name && column.generated)
}

/** True for a column in which equal values have equal texts. */
function isByText(table: Table, name: string): boolean {
  const column = table.columns.find((each) => each.name === name)
  return column !== undefined && !column.generated && ['integer', 'text'].includes(affinity(table, name))
}

function affinity(table: Table, name: string): string {
  const declared = table.columns.find((column) => column.name === name)?.declaredType ?? ''
  return typeOf(table, declared.toUpperCase())
}

function isOwnReference(child: Table, parent: Table | undefined, { fields, toFields }: Reference): boolean {
  if (parent === undefined) return false
  const referred = referredColumns(parent, toFields)
  return !toFields.every((field, i) => {
    const isSame = affinity(child, fields[i] ?? '') === affinity(parent, field)
    return isSame && isByText(parent, field) && referred[i]?.collation === 'BINARY'
  })
}
