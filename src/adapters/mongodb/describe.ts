/** What can be exported of a database and what is left out, from listCollections and listIndexes. On its own as it only reads catalogues. */
import type { CollectionInfo, IndexDescriptionInfo } from 'mongodb'
import { compareBytes } from '../../model/canonical.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Description, LeftOut } from '../adapter.ts'
import type { Connection } from './connect.ts'

/** The collections with their unique keys; views, time series, capped and system collections are left out, the tool's own are not mentioned. */
export async function describeDatabase(connection: Connection): Promise<Description> {
  const infos = (await connection.db.listCollections().toArray()).filter(({ name }) => !isOwn(name)) as CollectionInfo[]
  infos.sort((a, b) => compareBytes(a.name, b.name))
  const collections: CollectionSchema[] = []
  const leftOut: LeftOut[] = []
  for (const info of infos) {
    const reason = whyLeftOut(info)
    if (reason === undefined) collections.push(schemaOf(info.name, await uniqueIndexes(connection, info.name)))
    else leftOut.push({ name: info.name, reason })
  }
  return { collections, leftOut, database: connection.database, server: connection.server }
}

function isOwn(name: string): boolean {
  return name === '_tandem' || name.startsWith('_tandem_')
}

function whyLeftOut(info: CollectionInfo): string | undefined {
  if (info.name.startsWith('system.')) return 'a system collection'
  if (info.type === 'view') return 'a view'
  if (info.type === 'timeseries') return 'a time series, whose documents cannot be replaced one by one'
  if (info.options?.capped === true) return 'a capped collection, which drops its oldest documents by itself'
  return undefined
}

/** Documents declare no fields; their key is `_id`, and the order of their fields is kept. */
function schemaOf(name: string, indexes: readonly IndexDescriptionInfo[]): CollectionSchema {
  const uniques = indexes.filter(isPlain).map((index) => Object.keys(index.key))
  uniques.sort((a, b) => compareBytes(JSON.stringify(a), JSON.stringify(b)))
  return { name, fields: [], key: ['_id'], uniques, references: [], order: 'kept' }
}

/** Every unique index but that of `_id`. */
export async function uniqueIndexes(connection: Connection, collection: string): Promise<IndexDescriptionInfo[]> {
  return (await allIndexes(connection, collection)).filter((index) => index.unique === true && index.name !== '_id_')
}

/** Every index of a collection; none if there is no such collection. */
export async function allIndexes(connection: Connection, collection: string): Promise<IndexDescriptionInfo[]> {
  try {
    return await connection.db.collection(collection).indexes()
  } catch (error) {
    if (error instanceof connection.driver.MongoServerError && error.code === 26) return []
    throw error
  }
}

/** A unique key that a merge can check by comparing top-level fields; of the others the database is the judge. */
function isPlain(index: IndexDescriptionInfo): boolean {
  const fields = Object.entries(index.key)
  const conditions = ['partialFilterExpression', 'sparse', 'collation', 'hidden'] as const
  return (
    fields.every(([name, direction]) => typeof direction === 'number' && !name.includes('.')) &&
    conditions.every((condition) => index[condition] === undefined || index[condition] === false)
  )
}
