/** The unique indexes of MongoDB collections, all of which only the server can compare: one number has several types, and an index may have a collation, a condition, or paths. */
import stableStringify from 'fast-json-stable-stringify'
import type { Document, IndexDescriptionInfo } from 'mongodb'
import { compareBytes } from '../../model/canonical.ts'
import type { Selection } from '../../model/collection.ts'
import type { OwnKeys, OwnUnique } from '../../model/key-equality.ts'
import type { MongoConnection } from './connect.ts'
import { allIndexes } from './describe.ts'
import { type IndexCondition, conditionOf } from './index-condition.ts'

/** See `Adapter.ownKeys`. */
export async function ownKeys(
  connection: MongoConnection,
  selections: readonly Selection[],
): Promise<ReadonlyMap<string, OwnKeys>> {
  const found = new Map<string, OwnKeys>()
  for (const selection of selections) {
    const indexes = await readComparedIndexes(connection, selection.schema.name)
    const uniques = indexes.flatMap((index) => ownUnique(selection, index))
    if (uniques.length > 0) found.set(selection.schema.name, { uniques, references: [] })
  }
  return found
}

/** A unique index that can be compared here with the help of the server. */
export interface ComparedIndex {
  readonly name: string
  /** Names of fields, with dots for those of nested documents. */
  readonly paths: readonly string[]
  readonly condition: IndexCondition
  /** Undefined where texts are compared byte by byte. */
  readonly collation: Document | undefined
  /** The collection has a collation of its own, so that a query without one would not use an index without one. */
  readonly collated: boolean
}

/** The unique indexes of a collection, that of `_id` among them, without those whose condition only the server can check. */
export async function readComparedIndexes(connection: MongoConnection, name: string): Promise<ComparedIndex[]> {
  const all = await allIndexes(connection, name)
  const collated = all.some((index) => index.name === '_id_' && index['collation'] !== undefined)
  const indexes = all.filter((index) => index.unique === true || index.name === '_id_')
  return indexes.flatMap((index): ComparedIndex[] => {
    const condition = conditionOf(index)
    const isPlain = Object.values(index.key).every((direction) => typeof direction === 'number')
    if (!isPlain || condition === undefined) return []
    const paths = Object.keys(index.key)
    return [{ name: index.name ?? '', paths, condition, collation: collationOf(index), collated }]
  })
}

function collationOf(index: IndexDescriptionInfo): Document | undefined {
  const collation = index['collation'] as Document | undefined
  return collation?.['locale'] === 'simple' ? undefined : collation
}

function ownUnique({ schema, omit }: Selection, { name, paths, condition, collation }: ComparedIndex): OwnUnique[] {
  const fields = [...new Set([...paths, ...condition.paths].map((path) => path.split('.')[0] ?? path))].sort(
    compareBytes,
  )
  if (fields.some((field) => omit.includes(field))) return []
  const declared = [...schema.uniques, schema.key].find((unique) => unique.join('\0') === paths.join('\0'))
  if (condition.paths.length === 0 && declared !== undefined) return [{ name, fields, declared }]
  const { version: _, ...collated } = collation ?? {} // the version is the server's
  return [{ name, fields, definition: stableStringify([paths, collated, condition.text]) }]
}
