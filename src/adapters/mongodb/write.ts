/**
 * Writes prepared documents and reads them back, inside a transaction or under the journal. Each write matches only the document that it was prepared from, so that it
 * cannot overwrite a newer one. When a write fails, the caller undoes the others.
 */
import { sameRecord } from '../../model/canonical.ts'
import type { ApplyOutcome, RefusedRecord } from '../../model/change.ts'
import { BSON } from './bson-types.ts'
import { uniqueIndexes } from './describe.ts'
import { documentBytes, elementBytes, encodeValue } from './encode.ts'
import type { CollectionWrites, DocumentWrite } from './prepare.ts'
import { elementsOf, recordText } from './record.ts'
import {
  type CollectionHandle,
  type RefusedStatement,
  type WriteResult,
  deleteDocuments,
  deleteStatements,
  insertDocuments,
  readByIds,
  updateDocuments,
  updateStatement,
} from './wire.ts'

/** The outcome of writes that could not all be done. Some of them may have been done. */
export type WriteFailure = Exclude<ApplyOutcome, { readonly status: 'applied' }>

/** A document that is not what was written; `live` is what is there instead (undefined: nothing). */
export interface DifferingDocument {
  readonly handle: CollectionHandle
  readonly write: DocumentWrite
  readonly live: Buffer | undefined
}

/** A larger document is matched by its `_id` alone, because its filter and its replacement are in one statement, whose size the server limits. */
const MAX_GUARD_BYTES = 4 * 1024 * 1024

const DUPLICATE_KEY = 11_000

/** Deletes, then replaces, then inserts, so that unique values are free before another document takes them. Undefined when all is done. */
export async function writeCollection({ handle, writes }: CollectionWrites): Promise<WriteFailure | undefined> {
  const removed = writes.filter((write) => write.before !== undefined && (write.after === undefined || write.moved))
  const replaced = writes.filter((write) => write.before !== undefined && write.after !== undefined && !write.moved)
  const inserted = writes.filter((write) => write.after !== undefined && (write.before === undefined || write.moved))
  return (
    (await removeAll(handle, removed)) ?? (await replaceAll(handle, replaced)) ?? (await insertAll(handle, inserted))
  )
}

async function removeAll(
  handle: CollectionHandle,
  writes: readonly DocumentWrite[],
): Promise<WriteFailure | undefined> {
  return await writeGuarded({ handle, writes, isDone: (live) => live === undefined }, async (some, exact) => {
    const deletions = some.map((write) => ({ id: write.id, filter: exact ? guardOf(handle, write) : write.id }))
    return await deleteDocuments(handle, deleteStatements(handle, deletions))
  })
}

async function replaceAll(
  handle: CollectionHandle,
  writes: readonly DocumentWrite[],
): Promise<WriteFailure | undefined> {
  return await writeGuarded(
    { handle, writes, isDone: (live, write) => isSame(live, write.after) },
    async (some, exact) => {
      const statements = some.map((write) =>
        updateStatement(handle, exact ? guardOf(handle, write) : write.id, write.after ?? write.id),
      )
      return await updateDocuments(handle, statements)
    },
  )
}

/** Writes, and how to see that one is done already. */
interface GuardedWrites extends CollectionWrites {
  readonly isDone: (live: Buffer | undefined, write: DocumentWrite) => boolean
}

/**
 * Runs statements that match only the document as it was. If fewer documents matched than there are statements, those that are still byte for byte as they were are
 * written once more, matched by `_id` alone: servers differ in how they compare some values (NaN, decimals, names with dots), and a filter that never matches must
 * not be taken for a change by somebody else.
 */
async function writeGuarded(
  { handle, writes, isDone }: GuardedWrites,
  run: (writes: readonly DocumentWrite[], exact: boolean) => Promise<WriteResult>,
): Promise<WriteFailure | undefined> {
  if (writes.length === 0) return undefined
  const first = await run(writes, true).catch((error: unknown) => incomparable(handle, error))
  if (first.refusals[0] !== undefined) return await refused(handle, writes, first.refusals)
  if (first.count === writes.length) return undefined
  const live = await readByIds(
    handle,
    writes.map((write) => write.id),
  )
  const left = writes.filter(({ key, before }) => before !== undefined && live.get(key)?.equals(before) === true)
  const lost = writes.find((write) => !left.includes(write) && !isDone(live.get(write.key), write))
  if (lost !== undefined)
    return { status: 'stale', reason: `${handle.collection} ${lost.key} was changed in the meantime` }
  const second = await run(left, false)
  return second.refusals[0] === undefined ? undefined : await refused(handle, left, second.refusals)
}

/** The result for a server that fails the whole command because it cannot compare some value: as if nothing had matched. @throws errors of the network, and all in a transaction */
function incomparable({ connection, session }: CollectionHandle, error: unknown): WriteResult {
  if (session !== undefined || !(error instanceof connection.driver.MongoServerError)) throw error
  return { count: 0, refusals: [] }
}

async function insertAll(
  handle: CollectionHandle,
  writes: readonly DocumentWrite[],
): Promise<WriteFailure | undefined> {
  if (writes.length === 0) return undefined
  const { refusals } = await insertDocuments(
    handle,
    writes.flatMap(({ after }) => (after === undefined ? [] : [after])),
  )
  return refusals[0] === undefined ? undefined : await refused(handle, writes, refusals)
}

/**
 * The filter that matches only the document as it was. With the guard `document` it compares the whole document (`$expr` on `$$ROOT`). With `fields` it compares `_id`
 * and each field whose type all servers compare alike; a field that somebody adds in the milliseconds since we read the document is then not noticed. Without a guard
 * it compares `_id` alone.
 */
function guardOf({ guard }: CollectionHandle, { id, before }: DocumentWrite): Buffer {
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

/** The element `$expr: {$eq: ['$$ROOT', {$literal: document}]}`. */
function wholeDocument(document: Buffer): Buffer {
  const literal = documentBytes([elementBytes('$literal', { type: BSON.object, bytes: document })])
  const operands = documentBytes([
    elementBytes('0', encodeValue('"$$ROOT"')),
    elementBytes('1', { type: BSON.object, bytes: literal }),
  ])
  const equal = documentBytes([elementBytes('$eq', { type: BSON.array, bytes: operands })])
  return elementBytes('$expr', { type: BSON.object, bytes: equal })
}

/** True for a field that all servers compare alike. */
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

/** The outcome of refused statements: `stale` if somebody else has taken the key of the first, `violation` if the database does not allow it. */
async function refused(
  handle: CollectionHandle,
  writes: readonly DocumentWrite[],
  refusals: readonly RefusedStatement[],
): Promise<WriteFailure | undefined> {
  const [refusal] = refusals
  const write = refusal && writes[refusal.index]
  if (refusal === undefined || write === undefined) return undefined
  const { collection } = handle
  const isDuplicate = refusal.code === DUPLICATE_KEY
  const index = isDuplicate ? await violatedIndex(handle, write, refusal) : 'validator'
  if (index === undefined) return { status: 'stale', reason: `${collection} ${write.key} was added in the meantime` }
  const others = refusals.slice(1).flatMap(({ index: n, code, message }): RefusedRecord[] => {
    const [key, constraint] = [writes[n]?.key, code === DUPLICATE_KEY ? indexIn(message) : 'validator']
    // a duplicate of `_id` may be a document that somebody else has added meanwhile
    return key === undefined || constraint === undefined || constraint === '_id_'
      ? []
      : [{ collection, key, constraint }]
  })
  const first = { collection, key: write.key, constraint: index, message: refusal.message }
  return { status: 'violation', ...first, ...(others.length > 0 ? { others } : {}) }
}

/** The name of the unique index in the message of a refused duplicate; undefined where the message names none. */
function indexIn(message: string): string | undefined {
  return /index: (?:\S+\$)?(\S+)/.exec(message)?.[1]
}

/**
 * The unique index that refuses the document; undefined where a document with the very same key exists, so that somebody else has added it. `5` and `5.0` are two keys
 * to us and one `_id` to the server; then the index is `_id_`.
 */
async function violatedIndex(
  handle: CollectionHandle,
  write: DocumentWrite,
  refusal: RefusedStatement,
): Promise<string | undefined> {
  const named = indexIn(refusal.message)
  if (named !== undefined && named !== '_id_') return named
  if (handle.session !== undefined) return named ?? '_id_'
  const inserted = write.before === undefined || write.moved
  const live = inserted ? await readByIds(handle, [write.id]) : new Map<string, Buffer>()
  if (live.has(write.key)) return undefined
  if (named === '_id_' || live.size > 0) return '_id_'
  const names = (await uniqueIndexes(handle.connection, handle.collection)).map(({ name }) => name)
  return names.length === 0 ? '_id_' : names.join(' or ')
}

/** Reads all written documents back and returns those that are not as they were written. */
export async function differingDocuments({ handle, writes }: CollectionWrites): Promise<DifferingDocument[]> {
  const live = await readByIds(
    handle,
    writes.map(({ id }) => id),
  )
  return writes
    .filter(({ key, after }) => !isSame(live.get(key), after))
    .map((write) => ({ handle, write, live: live.get(write.key) }))
}

/** True when two documents are the same data, or both are missing. */
export function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.equals(b) || (a.length === b.length && sameRecord(recordText(a), recordText(b), 'kept'))
}

/** The names of the top-level fields of `a` that `b` lacks or has otherwise. */
export function differingFields(a: Buffer, b: Buffer): string[] {
  const other = new Map(elementsOf(b).map(({ name, bytes }) => [name, bytes]))
  const changed = elementsOf(a).filter(({ name, bytes }) => other.get(name)?.equals(bytes) !== true)
  return changed.map(({ name }) => name)
}
