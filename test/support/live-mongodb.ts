/** A live MongoDB database: both machines of a test have one on the same server, as the servers of a run can store different things. */
import { MongoClient, type Document } from 'mongodb'
import { createMongoDatabase, type MongodbServer } from './mongodb.ts'
import { inOrder, textOf, type Engine, type Row } from './live-database.ts'

/** The engine over one server of the run (`inject('mongodb')`). */
export function mongodb(server: Pick<MongodbServer, 'uri'> & { readonly name: string }): Engine {
  return {
    name: `MongoDB (${server.name})`,
    tables: ['{"create":"traders"}', '{"create":"posts"}'],
    key: '_id',
    local: true,
    create: async () => {
      const database = await createMongoDatabase(server.uri)
      const client = new MongoClient(database.uri)
      const db = client.db()
      return {
        url: database.uri,
        insert: async (collection, records) => void (await db.collection(collection).insertMany(records.map(copyOf))),
        change: async (collection, where, fields) =>
          void (await db.collection(collection).updateMany(where, { $set: fields })),
        remove: async (collection, where) => void (await db.collection(collection).deleteMany(where)),
        rows: async (collection) => inOrder((await db.collection(collection).find().toArray()).map(rowOf)),
        run: async (...statements) => {
          for (const statement of statements) await db.command(JSON.parse(statement) as Document)
          return []
        },
        drop: async () => {
          await client.close()
          await database.drop()
        },
      }
    },
  }
}

/** The driver puts an `_id` into what it is given. */
function copyOf(fields: Document): Document {
  return { ...fields }
}

function rowOf(document: Document): Row {
  return Object.fromEntries(Object.entries(document).map(([name, value]) => [name, textOf(value)]))
}
