/**
 * Reads and writes of raw documents. The driver's public API serialises objects, which cannot hold every document (repeated names, dates beyond JavaScript's,
 * invalid UTF-8); OP_MSG's "document sequence" sections carry bytes as they are, so writes go through those.
 * https://github.com/mongodb/specifications/blob/master/source/message/OP_MSG.md
 */
import type { ClientSession, Document } from 'mongodb'
import type { KeyText } from '../../model/canonical.ts'
import { BSON } from './bson-types.ts'
import { DURABLE, type Connection } from './connect.ts'
import { documentBytes, elementBytes } from './encode.ts'
import { elementsOf, keyText } from './record.ts'

/** Commands are cut at so many documents and so many bytes (the limits are 1,000 on older servers and 48 MB). */
const MAX_STATEMENTS = 1000
const MAX_BYTES = 8 * 1024 * 1024

/** A collection of a database, perhaps inside a transaction. */
export interface Place {
  readonly connection: Connection
  readonly collection: string
  readonly session?: ClientSession | undefined
  /** The collection compares strings by a collation of its own, which must not decide which `_id` is meant. */
  readonly collated?: boolean
  /** How writes are guarded against those of others; not at all inside a transaction, which is guarded as a whole. */
  readonly guard?: 'document' | 'fields' | undefined
  /** Called before each command that writes; throws when this run may write no more. */
  readonly keep?: () => Promise<void>
}

/** A refused statement: its place in the list, the server's code and message. */
export interface Refusal {
  readonly index: number
  readonly code: number
  readonly message: string
}

export interface WriteResult {
  /** Documents inserted, or matched by their filters. Not to be relied on where there are refusals. */
  readonly count: number
  readonly refusals: readonly Refusal[]
}

type Sequences = (field: string, documents: readonly object[], serialized: readonly Buffer[]) => unknown

/** The documents with these `_id`s (see `idDocument`) as the server holds them, by key; keys that are not there are missing. */
export async function readByIds(place: Place, ids: readonly Buffer[]): Promise<Map<KeyText, Buffer>> {
  const found = new Map<KeyText, Buffer>()
  for (let from = 0; from < ids.length; from += MAX_STATEMENTS) {
    const some = ids.slice(from, from + MAX_STATEMENTS).map((id) => driverValues(place.connection, id).get('_id'))
    const cursor = place.connection.db.collection(place.collection).find({ _id: { $in: some } } as Document, {
      raw: true,
      batchSize: MAX_STATEMENTS,
      ...(place.session && { session: place.session }),
      ...(place.collated === true && { collation: { locale: 'simple' } }),
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

/** A raw document of the driver as a Buffer over the same bytes. */
export function asBuffer(document: unknown): Buffer {
  const bytes = document as Uint8Array
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Inserts documents; refused ones do not stop the others. */
export async function insertDocuments(place: Place, documents: readonly Buffer[]): Promise<WriteResult> {
  return await send(place, { command: 'insert', field: 'documents' }, documents)
}

/** Replaces documents; each statement is `updateStatement`'s. */
export async function updateDocuments(place: Place, statements: readonly Buffer[]): Promise<WriteResult> {
  return await send(place, { command: 'update', field: 'updates' }, statements)
}

/** Deletes documents; the statements are `deleteStatements`'. */
export async function deleteDocuments(place: Place, statements: readonly Buffer[]): Promise<WriteResult> {
  return await send(place, { command: 'delete', field: 'deletes' }, statements)
}

/** `{q: filter, u: replacement}`, bytes. */
export function updateStatement(place: Place, filter: Buffer, replacement: Buffer): Buffer {
  return documentBytes([
    elementBytes('q', { type: BSON.object, bytes: filter }),
    elementBytes('u', { type: BSON.object, bytes: replacement }),
    ...collation(place),
  ])
}

/** What is to be deleted: its `_id` (see `idDocument`) and the filter that matches it only as it is expected to be. */
export interface Deletion {
  readonly id: Buffer
  readonly filter: Buffer
}

/** `{q: filter, limit: 1}` for each, bytes; `{q: {_id: {$in: [...]}}, limit: 0}` where the server wants writes in bulk, guarded by the look just before alone. */
export function deleteStatements(place: Place, deletions: readonly Deletion[]): Buffer[] {
  if (!place.connection.writesInBulk) return deletions.map(({ filter }) => deleteStatement(place, filter, 1))
  return [...batches(deletions.map(({ id }) => id))].map(({ batch }) => {
    const among = documentBytes([elementBytes('$in', { type: BSON.array, bytes: idArray(batch) })])
    return deleteStatement(place, documentBytes([elementBytes('_id', { type: BSON.object, bytes: among })]), 0)
  })
}

function deleteStatement(place: Place, filter: Buffer, limit: 0 | 1): Buffer {
  return documentBytes([
    elementBytes('q', { type: BSON.object, bytes: filter }),
    elementBytes('limit', { type: BSON.int, bytes: Buffer.from([limit, 0, 0, 0]) }),
    ...collation(place),
  ])
}

function idArray(ids: readonly Buffer[]): Buffer {
  const values = ids
    .flatMap((id) => elementsOf(id))
    .map(({ bytes }) => ({ type: bytes[0] ?? 0, bytes: bytes.subarray(5) }))
  return documentBytes(values.map((value, index) => elementBytes(String(index), value)))
}

function collation(place: Place): Buffer[] {
  if (place.collated !== true) return []
  const locale = elementBytes('locale', { type: BSON.string, bytes: Buffer.from('\x07\0\0\0simple\0') })
  return [elementBytes('collation', { type: BSON.object, bytes: documentBytes([locale]) })]
}

async function send(
  place: Place,
  kind: { readonly command: string; readonly field: string },
  documents: readonly Buffer[],
): Promise<WriteResult> {
  const makeSequence = await sequences()
  let count = 0
  const refusals: Refusal[] = []
  for (const { from, batch } of batches(documents)) {
    await place.keep?.()
    const reply = await place.connection.db.command(
      {
        [kind.command]: place.collection,
        [kind.field]: makeSequence(kind.field, batch, batch),
        ordered: false,
        ...(place.session === undefined && { writeConcern: DURABLE }),
      },
      place.session === undefined ? {} : { session: place.session },
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

/** The driver's own constructor of document sequences; it is no public API, hence the exact version in package.json and the check. */
async function sequences(): Promise<Sequences> {
  const path: string = 'mongodb/lib/cmap/commands.js'
  const module = (await import(path)) as { readonly makeDocumentSequence?: Sequences }
  if (module.makeDocumentSequence === undefined)
    throw new Error('this version of the mongodb driver cannot send raw documents')
  return module.makeDocumentSequence
}

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

/** The fields of a document as the driver's types; documents as Maps, as plain objects would reorder integer-like names. */
function driverValues(connection: Connection, bytes: Buffer): Map<string, unknown> {
  return new Map(elementsOf(bytes).map((element) => [element.name, driverValue(connection, element.bytes)]))
}

function driverValue(connection: Connection, element: Buffer): unknown {
  const value = element.subarray(element.indexOf(0, 1) + 1)
  if (element[0] === BSON.object) return driverValues(connection, value)
  if (element[0] === BSON.array) return [...driverValues(connection, value).values()]
  const document = documentBytes([elementBytes('v', { type: element[0] ?? 0, bytes: value })])
  return connection.driver.BSON.deserialize(document, { promoteValues: false, bsonRegExp: true })['v']
}
