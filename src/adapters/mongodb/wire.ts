/**
 * Reads and writes raw documents. The driver's public API takes objects, which cannot represent every document (repeated names, dates beyond JavaScript's range,
 * invalid UTF-8). The "document sequence" sections of the protocol's OP_MSG carry bytes as they are, so documents are written through these.
 * https://github.com/mongodb/specifications/blob/master/source/message/OP_MSG.md
 */
import type { ClientSession, Document } from 'mongodb'
import type { KeyText } from '../../model/canonical.ts'
import { BSON } from './bson-types.ts'
import { type MongoConnection, DURABLE } from './connect.ts'
import { documentBytes, elementBytes } from './encode.ts'
import { elementsOf, keyText } from './record.ts'

/** The most statements and bytes in one command. The server's limits are 1,000 statements on older versions, and 48 MB. */
const MAX_STATEMENTS = 1000

const MAX_BYTES = 8 * 1024 * 1024

/** A collection, and how it is read and written. */
export interface CollectionHandle {
  readonly connection: MongoConnection
  readonly collection: string
  /** The session of the transaction in which all is done; undefined outside transactions. */
  readonly session?: ClientSession | undefined
  /** The collection has a collation of its own, by which two different `_id`s may be equal. Statements therefore ask for the simple collation. */
  readonly collated?: boolean
  /** How a write makes sure that the document is still as it was (see `guardOf`); undefined in a transaction, where the server does. */
  readonly guard?: 'document' | 'fields' | undefined
  /** Called before each command that writes. It throws when this run has lost its journal and must not write any more. */
  readonly keep?: () => Promise<void>
}

/** A refused statement: its index in the list of statements, and the server's code and message. */
export interface RefusedStatement {
  readonly index: number
  readonly code: number
  readonly message: string
}

/** The result of a list of statements. */
export interface WriteResult {
  /** The number of documents inserted, or matched by the filters. Not reliable where there are refusals. */
  readonly count: number
  readonly refusals: readonly RefusedStatement[]
}

/** The driver's constructor of a document sequence. */
type Sequences = (field: string, documents: readonly object[], serialized: readonly Buffer[]) => unknown

/** Key → document, for those of the `_id`s (each `{_id: …}`, see `idDocument`) that exist. */
export async function readByIds(handle: CollectionHandle, ids: readonly Buffer[]): Promise<Map<KeyText, Buffer>> {
  const found = new Map<KeyText, Buffer>()
  for (let from = 0; from < ids.length; from += MAX_STATEMENTS) {
    const some = ids.slice(from, from + MAX_STATEMENTS).map((id) => driverValues(handle.connection, id).get('_id'))
    const cursor = handle.connection.db.collection(handle.collection).find({ _id: { $in: some } } as Document, {
      raw: true,
      batchSize: MAX_STATEMENTS,
      ...(handle.session && { session: handle.session }),
      ...(handle.collated === true && { collation: { locale: 'simple' } }),
    })
    while (await cursor.hasNext()) {
      for (const document of cursor.readBufferedDocuments()) {
        const bytes = asBuffer(document)
        found.set(keyText(bytes), bytes)
      }
    }
  }
  return found
}

/** A raw document of the driver as a Buffer of the same memory, not a copy. */
export function asBuffer(document: unknown): Buffer {
  const bytes = document as Uint8Array
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Inserts documents. A refused one does not stop the others. */
export async function insertDocuments(handle: CollectionHandle, documents: readonly Buffer[]): Promise<WriteResult> {
  return await send(handle, { command: 'insert', field: 'documents' }, documents)
}

/** Runs statements made by `updateStatement`. A refused one does not stop the others. */
export async function updateDocuments(handle: CollectionHandle, statements: readonly Buffer[]): Promise<WriteResult> {
  return await send(handle, { command: 'update', field: 'updates' }, statements)
}

/** Runs statements made by `deleteStatements`. A refused one does not stop the others. */
export async function deleteDocuments(handle: CollectionHandle, statements: readonly Buffer[]): Promise<WriteResult> {
  return await send(handle, { command: 'delete', field: 'deletes' }, statements)
}

/** The bytes of the statement `{q: filter, u: replacement}`. */
export function updateStatement(handle: CollectionHandle, filter: Buffer, replacement: Buffer): Buffer {
  return documentBytes([
    elementBytes('q', { type: BSON.object, bytes: filter }),
    elementBytes('u', { type: BSON.object, bytes: replacement }),
    ...collation(handle),
  ])
}

/** A document to delete: its `_id` (see `idDocument`), and the filter that matches it only as it was. */
export interface Deletion {
  readonly id: Buffer
  readonly filter: Buffer
}

/**
 * The bytes of the statements: `{q: filter, limit: 1}` for each document. Where the server needs writes in bulk, one `{q: {_id: {$in: […]}}, limit: 0}` for many, which
 * matches by `_id` alone; that the documents are as they were is then known only from the look just before.
 */
export function deleteStatements(handle: CollectionHandle, deletions: readonly Deletion[]): Buffer[] {
  if (!handle.connection.writesInBulk) return deletions.map(({ filter }) => deleteStatement(handle, filter, 1))
  return [...batches(deletions.map(({ id }) => id))].map(({ batch }) => {
    const among = documentBytes([elementBytes('$in', { type: BSON.array, bytes: idArray(batch) })])
    return deleteStatement(handle, documentBytes([elementBytes('_id', { type: BSON.object, bytes: among })]), 0)
  })
}

function deleteStatement(handle: CollectionHandle, filter: Buffer, limit: 0 | 1): Buffer {
  return documentBytes([
    elementBytes('q', { type: BSON.object, bytes: filter }),
    elementBytes('limit', { type: BSON.int, bytes: Buffer.from([limit, 0, 0, 0]) }),
    ...collation(handle),
  ])
}

/** The bytes of an array with these `_id`s. */
function idArray(ids: readonly Buffer[]): Buffer {
  const values = ids
    .flatMap((id) => elementsOf(id))
    .map(({ bytes }) => ({ type: bytes[0] ?? 0, bytes: bytes.subarray(5) }))
  return documentBytes(values.map((value, index) => elementBytes(String(index), value)))
}

/** The element that asks for the simple collation, where it is needed. */
function collation(handle: CollectionHandle): Buffer[] {
  if (handle.collated !== true) return []
  const locale = elementBytes('locale', { type: BSON.string, bytes: Buffer.from('\x07\0\0\0simple\0') })
  return [elementBytes('collation', { type: BSON.object, bytes: documentBytes([locale]) })]
}

async function send(
  handle: CollectionHandle,
  kind: { readonly command: string; readonly field: string },
  documents: readonly Buffer[],
): Promise<WriteResult> {
  const makeSequence = await sequences()
  let count = 0
  const refusals: RefusedStatement[] = []
  for (const { from, batch } of batches(documents)) {
    await handle.keep?.()
    const reply = await handle.connection.db.command(
      {
        [kind.command]: handle.collection,
        [kind.field]: makeSequence(kind.field, batch, batch),
        ordered: false,
        ...(handle.session === undefined && { writeConcern: DURABLE }),
      },
      handle.session === undefined ? {} : { session: handle.session },
    )
    count += Number(reply['n'])
    for (const { index, code, errmsg } of (reply['writeErrors'] ?? []) as readonly {
      index: number
      code: number
      errmsg: string
    }[]) {
      refusals.push({ index: from + index, code, message: errmsg })
    }
  }
  return { count, refusals }
}

/** The driver's own constructor of document sequences. It is not public API; therefore package.json fixes the driver's version, and this checks that it is there. */
async function sequences(): Promise<Sequences> {
  const path: string = 'mongodb/lib/cmap/commands.js'
  const module = (await import(path)) as { readonly makeDocumentSequence?: Sequences }
  if (module.makeDocumentSequence === undefined)
    throw new Error('this version of the mongodb driver cannot send raw documents')
  return module.makeDocumentSequence
}

/** The documents in batches that fit into one command; `from` is the index of the first. */
function* batches(documents: readonly Buffer[]): Generator<{ readonly from: number; readonly batch: Buffer[] }> {
  let from = 0
  let batch: Buffer[] = []
  let size = 0
  for (const [index, document] of documents.entries()) {
    if (batch.length > 0 && (batch.length >= MAX_STATEMENTS || size + document.length > MAX_BYTES)) {
      yield { from, batch }
      from = index
      batch = []
      size = 0
    }
    batch.push(document)
    size += document.length
  }
  if (batch.length > 0) yield { from, batch }
}

/** The fields of a document as values of the driver. Nested documents become Maps, because an object would reorder names that look like integers. */
export function driverValues(connection: MongoConnection, bytes: Buffer): Map<string, unknown> {
  return new Map(elementsOf(bytes).map((element) => [element.name, driverValue(connection, element.bytes)]))
}

function driverValue(connection: MongoConnection, element: Buffer): unknown {
  const value = element.subarray(element.indexOf(0, 1) + 1)
  if (element[0] === BSON.object) return driverValues(connection, value)
  if (element[0] === BSON.array) return [...driverValues(connection, value).values()]
  const document = documentBytes([elementBytes('v', { type: element[0] ?? 0, bytes: value })])
  return connection.driver.BSON.deserialize(document, { promoteValues: false, bsonRegExp: true })['v']
}
