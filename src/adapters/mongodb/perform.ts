/**
 * Performs prepared writes and reads them back, inside a transaction or under a journal. Each write is guarded by the document it replaces. What to do when it
 * cannot be finished is the caller's matter.
 */
import { sameRecord } from '../../model/canonical.ts'
import type { ApplyOutcome, RefusedRecord } from '../../model/change.ts'
import { BSON } from './bson-types.ts'
import { uniqueIndexes } from './describe.ts'
import { documentBytes, elementBytes, encodeValue } from './encode.ts'
import type { CollectionWrites, Write } from './prepare.ts'
import { elementsOf, recordText } from './record.ts'
import {
  deleteDocuments,
  deleteStatements,
  insertDocuments,
  readByIds,
  updateDocuments,
  updateStatement,
} from './wire.ts'
import type { Place, Refusal, WriteResult } from './wire.ts'

/** Why the writes cannot stand; undefined: all are done. */
export type Failure = Exclude<ApplyOutcome, { readonly status: 'applied' }> | undefined

/** A written document that is not what was written. */
export interface Difference {
  readonly place: Place
  readonly write: Write
  readonly live: Buffer | undefined
}

/** Beyond this size a document is guarded by its `_id` alone: filter and replacement share one message of the server's document size. */
const MAX_GUARD_BYTES = 4 * 1024 * 1024
const DUPLICATE_KEY = 11_000

/** Deletes, replaces, inserts: in this order within a collection, so that unique values are given up before they are taken. */
export async function performWrites({ place, writes }: CollectionWrites): Promise<Failure> {
  const removed = writes.filter((write) => write.before !== undefined && (write.after === undefined || write.moved))
  const replaced = writes.filter((write) => write.before !== undefined && write.after !== undefined && !write.moved)
  const inserted = writes.filter((write) => write.after !== undefined && (write.before === undefined || write.moved))
  return (await removeAll(place, removed)) ?? (await replaceAll(place, replaced)) ?? (await insertAll(place, inserted))
}

async function removeAll(place: Place, writes: readonly Write[]): Promise<Failure> {
  return await guarded({ place, writes, isDone: (live) => live === undefined }, async (some, exact) => {
    const deletions = some.map((write) => ({ id: write.id, filter: exact ? guardOf(place, write) : write.id }))
    return await deleteDocuments(place, deleteStatements(place, deletions))
  })
}

async function replaceAll(place: Place, writes: readonly Write[]): Promise<Failure> {
  return await guarded({ place, writes, isDone: (live, write) => isSame(live, write.after) }, async (some, exact) => {
    const statements = some.map((write) =>
      updateStatement(place, exact ? guardOf(place, write) : write.id, write.after ?? write.id),
    )
    return await updateDocuments(place, statements)
  })
}

interface Guarded extends CollectionWrites {
  readonly isDone: (live: Buffer | undefined, write: Write) => boolean
}

/**
 * Runs guarded statements. Where fewer documents matched than there are, those still equal to their before-image are written once more by `_id` alone: servers
 * differ in how they compare (NaN, decimals, names with dots), and a guard that never matches must not look like a change.
 */
async function guarded(
  { place, writes, isDone }: Guarded,
  run: (writes: readonly Write[], exact: boolean) => Promise<WriteResult>,
): Promise<Failure> {
  if (writes.length === 0) return undefined
  const first = await run(writes, true).catch((error: unknown) => incomparable(place, error))
  if (first.refusals[0] !== undefined) return await refused(place, writes, first.refusals)
  if (first.count === writes.length) return undefined
  const live = await readByIds(
    place,
    writes.map((write) => write.id),
  )
  const left = writes.filter(({ key, before }) => before !== undefined && live.get(key)?.equals(before) === true)
  const lost = writes.find((write) => !left.includes(write) && !isDone(live.get(write.key), write))
  if (lost !== undefined)
    return { status: 'stale', reason: `${place.collection} ${lost.key} was changed in the meantime` }
  const second = await run(left, false)
  return second.refusals[0] === undefined ? undefined : await refused(place, left, second.refusals)
}

/** A server that cannot compare some value fails the whole command: as if no guard had matched. Network errors go on, and so do all in a transaction. */
function incomparable({ connection, session }: Place, error: unknown): WriteResult {
  if (session !== undefined || !(error instanceof connection.driver.MongoServerError)) throw error
  return { count: 0, refusals: [] }
}

async function insertAll(place: Place, writes: readonly Write[]): Promise<Failure> {
  if (writes.length === 0) return undefined
  const { refusals } = await insertDocuments(
    place,
    writes.flatMap(({ after }) => (after === undefined ? [] : [after])),
  )
  return refusals[0] === undefined ? undefined : await refused(place, writes, refusals)
}

/**
 * The filter that matches only the document as it was. `document`: compared as a whole (`$expr` on `$$ROOT`); `fields`: `_id` and every field whose comparison
 * servers agree upon, where a field added within the milliseconds since the document was compared byte by byte would not be seen; else by `_id` alone.
 */
function guardOf({ guard }: Place, { id, before }: Write): Buffer {
  if (guard === undefined || before === undefined || before.length > MAX_GUARD_BYTES) return id
  const key = elementsOf(id).map(({ bytes }) => bytes)
  if (guard === 'document') return documentBytes([...key, wholeDocument(before)])
  const fields = elementsOf(before).filter(({ name, bytes }) => name !== '_id' && isComparable(name, bytes[0] ?? 0))
  const conditions = fields.map(({ name, bytes }) => {
    const value = { type: bytes[0] ?? 0, bytes: bytes.subarray(bytes.indexOf(0, 1) + 1) }
    return elementBytes(name, { type: BSON.object, bytes: documentBytes([elementBytes('$eq', value)]) })
  })
  return documentBytes([...key, ...conditions])
}

/** `$expr: {$eq: ['$$ROOT', {$literal: document}]}`. */
function wholeDocument(document: Buffer): Buffer {
  const literal = documentBytes([elementBytes('$literal', { type: BSON.object, bytes: document })])
  const operands = documentBytes([
    elementBytes('0', encodeValue('"$$ROOT"')),
    elementBytes('1', { type: BSON.object, bytes: literal }),
  ])
  const equal = documentBytes([elementBytes('$eq', { type: BSON.array, bytes: operands })])
  return elementBytes('$expr', { type: BSON.object, bytes: equal })
}

function isComparable(name: string, type: number): boolean {
  const plain: readonly number[] = [
    BSON.string,
    BSON.int,
    BSON.long,
    BSON.bool,
    BSON.date,
    BSON.objectId,
    BSON.object,
    BSON.array,
  ]
  return name !== '' && !name.startsWith('$') && !name.includes('.') && plain.includes(type)
}

/** What the first refusal means: somebody else took the key (stale), or the database does not allow the record (violation). */
async function refused(place: Place, writes: readonly Write[], refusals: readonly Refusal[]): Promise<Failure> {
  const [refusal] = refusals
  const write = refusal && writes[refusal.index]
  if (refusal === undefined || write === undefined) return undefined
  const { collection } = place
  const isDuplicate = refusal.code === DUPLICATE_KEY
  const index = isDuplicate ? await violatedIndex(place, write, refusal) : 'validator'
  if (index === undefined) return { status: 'stale', reason: `${collection} ${write.key} was added in the meantime` }
  const others = refusals.slice(1).flatMap(({ index: n, code, message }): RefusedRecord[] => {
    const [key, constraint] = [writes[n]?.key, code === DUPLICATE_KEY ? indexIn(message) : 'validator']
    return key === undefined || constraint === undefined ? [] : [{ collection, key, constraint }]
  })
  const first = { collection, key: write.key, constraint: index, message: refusal.message }
  return { status: 'violation', ...first, ...(others.length > 0 ? { others } : {}) }
}

/** The unique index that a message names; undefined where it is that of the key, which somebody else may have taken meanwhile. */
function indexIn(message: string): string | undefined {
  const named = /index: (?:\S+\$)?(\S+)/.exec(message)?.[1]
  return named === '_id_' ? undefined : named
}

/** The unique index in the way; undefined where the very same key is there already. `5` and `5.0` are two keys of ours and one `_id` of the server's. */
async function violatedIndex(place: Place, write: Write, refusal: Refusal): Promise<string | undefined> {
  const named = /index: (?:\S+\$)?(\S+)/.exec(refusal.message)?.[1]
  if (named !== undefined && named !== '_id_') return named
  if (place.session !== undefined) return named ?? '_id_'
  const inserted = write.before === undefined || write.moved
  const live = inserted ? await readByIds(place, [write.id]) : new Map<string, Buffer>()
  if (live.has(write.key)) return undefined
  if (named === '_id_' || live.size > 0) return '_id_'
  const names = (await uniqueIndexes(place.connection, place.collection)).map(({ name }) => name)
  return names.length === 0 ? '_id_' : names.join(' or ')
}

/** Reads everything back; what differs, with what is there instead. */
export async function differences({ place, writes }: CollectionWrites): Promise<Difference[]> {
  const live = await readByIds(
    place,
    writes.map(({ id }) => id),
  )
  return writes
    .filter(({ key, after }) => !isSame(live.get(key), after))
    .map((write) => ({ place, write, live: live.get(write.key) }))
}

/** True when two documents are the same data, or neither is there. */
export function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.equals(b) || (a.length === b.length && sameRecord(recordText(a), recordText(b), 'kept'))
}

/** The top-level fields in which two documents differ. */
export function differingFields(a: Buffer, b: Buffer): string[] {
  const other = new Map(elementsOf(b).map(({ name, bytes }) => [name, bytes]))
  const changed = elementsOf(a).filter(({ name, bytes }) => other.get(name)?.equals(bytes) !== true)
  return changed.map(({ name }) => name)
}
