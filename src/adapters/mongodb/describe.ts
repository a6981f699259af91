/** Describes a MongoDB database in words that are the same for every engine: the collections that can be exported, and what is left out and why. */
import type { CollectionInfo, IndexDescriptionInfo } from 'mongodb'
import { compareBytes } from '../../model/canonical.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Description, LeftOut } from '../adapter.ts'
import { distinctByText } from '../distinct.ts'
import { mandatoryFields } from '../mandatory.ts'
import type { MongoConnection } from './connect.ts'

/** The description of the database, as `Adapter.describe` returns it. */
export async function describeDatabase(connection: MongoConnection): Promise<Description> {
  const infos = (await connection.db.listCollections().toArray()).filter(({ name }) => !isOwn(name)) as CollectionInfo[]
  infos.sort((a, b) => compareBytes(a.name, b.name))
  const collections: CollectionSchema[] = []
  const leftOut: LeftOut[] = []
  const mandatory = mandatoryFields(infos.map((info) => [info.name, requiredByValidator(info)]))
  for (const info of infos) {
    const reason = leftOutReason(info)
    if (reason === undefined) collections.push(schemaOf(info.name, await uniqueIndexes(connection, info.name)))
    else leftOut.push({ name: info.name, reason })
  }
  const { database, server } = connection
  return { collections, columns: new Map(), leftOut, mandatory, database, server }
}

/** True for the tool's own collections, which a description does not mention. */
function isOwn(name: string): boolean {
  return name === '_tandem' || name.startsWith('_tandem_')
}

function leftOutReason(info: CollectionInfo): string | undefined {
  if (info.name.startsWith('system.')) return 'a system collection'
  if (info.type === 'view') return 'a view'
  if (info.type === 'timeseries') return 'a time series, whose documents cannot be replaced one by one'
  if (info.options?.capped === true) return 'a capped collection, which drops its oldest documents by itself'
  return undefined
}

/** The top-level fields that a validator of the form `{$jsonSchema: {required: […]}}` asks for; other forms are not looked into. */
function requiredByValidator({ options }: CollectionInfo): string[] {
  const schema = (options?.validator as { readonly $jsonSchema?: { readonly required?: unknown } } | undefined)
    ?.$jsonSchema
  return Array.isArray(schema?.required) ? schema.required.filter((name) => typeof name === 'string') : []
}

/** Documents declare no fields; their key is `_id`, and the order of their fields is kept. */
function schemaOf(name: string, indexes: readonly IndexDescriptionInfo[]): CollectionSchema {
  const uniques = distinctByText(indexes.filter(isPlain).map((index) => Object.keys(index.key)))
  return { name, fields: [], key: ['_id'], uniques, references: [], order: 'kept' }
}

/** The unique indexes of a collection except that of `_id`. */
export async function uniqueIndexes(connection: MongoConnection, collection: string): Promise<IndexDescriptionInfo[]> {
  return (await allIndexes(connection, collection)).filter((index) => index.unique === true && index.name !== '_id_')
}

/** All indexes of a collection; none if it does not exist. */
export async function allIndexes(connection: MongoConnection, collection: string): Promise<IndexDescriptionInfo[]> {
  try {
    return await connection.db.collection(collection).indexes()
  } catch (error) {
    if (error instanceof connection.driver.MongoServerError && error.code === 26) return []
    throw error
  }
}

/** True for an index whose unique key a merge can check by comparing top-level fields. Only the database can check the others. */
function isPlain(index: IndexDescriptionInfo): boolean {
  const fields = Object.entries(index.key)
  const conditions = ['partialFilterExpression', 'sparse', 'collation', 'hidden'] as const
  return (
    fields.every(([name, direction]) => typeof direction === 'number' && !name.includes('.')) &&
    conditions.every((condition) => index[condition] === undefined || index[condition] === false)
  )
}
