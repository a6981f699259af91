/**
 * From a plan to the writes it needs. Every document that the plan touches is read and compared with what the plan expects, and the document to be written is put
 * together from its bytes. Separate from write.ts because what fails here fails before the first write.
 */
import {
  type KeyText,
  type RecordText,
  sameRecord,
  sortedObjectText,
  splitObject,
  stringText,
} from '../../model/canonical.ts'
import type { ApplyPlan, Change, CollectionChanges } from '../../model/change.ts'
import type { Placeholder, Selection } from '../../model/collection.ts'
import { DamagedError, UndoneError } from '../../model/errors.ts'
import { BSON } from './bson-types.ts'
import { allIndexes } from './describe.ts'
import { type BsonValue, documentBytes, elementBytes, encodeValue } from './encode.ts'
import { elementsOf, idDocument, recordBytes, recordText, withLiveFields, withoutFields } from './record.ts'
import { type CollectionHandle, readByIds } from './wire.ts'

/** One document before and after, each complete with its omitted fields. */
export interface DocumentWrite {
  readonly key: KeyText
  /** `{_id: …}`, bytes. */
  readonly id: Buffer
  readonly before: Buffer | undefined
  readonly after: Buffer | undefined
  /** It is deleted first and inserted last instead of replaced: so that another document can take its unique value, or because an update cannot write it. */
  readonly moved: boolean
}

/** The writes of one collection, ready to be made. */
export interface CollectionWrites {
  readonly handle: CollectionHandle
  readonly writes: readonly DocumentWrite[]
}

/** A document is no longer what the plan expects; `stale` is the reason, for people. */
export interface Stale {
  readonly stale: string
}

/**
 * The writes of a whole plan, or why the plan is stale.
 * @throws DamagedError when a record's text cannot become a document; UndoneError when the server would not store a value as it is
 */
export async function preparePlan(
  at: Omit<CollectionHandle, 'collection'>,
  plan: ApplyPlan,
): Promise<CollectionWrites[] | Stale> {
  const prepared: CollectionWrites[] = []
  for (const changes of plan.collections) {
    const writes = await prepareCollection({ ...at, collection: changes.selection.schema.name }, changes)
    if ('stale' in writes) return writes
    prepared.push(writes)
  }
  return prepared
}

async function prepareCollection(
  handle: CollectionHandle,
  changes: CollectionChanges,
): Promise<CollectionWrites | Stale> {
  const indexes = await allIndexes(handle.connection, handle.collection)
  const there: CollectionHandle = {
    ...handle,
    collated: indexes.some((index) => index['collation'] !== undefined && index.name === '_id_'),
  }
  const ids = changes.changes.map((change) => encoded(handle, change.key, () => idDocument(change.key)))
  const live = await readByIds(there, ids)
  const writes: DocumentWrite[] = []
  for (const [index, change] of changes.changes.entries()) {
    const now = live.get(change.key)
    if (!isExpected(changes.selection, now, change.before)) {
      return { stale: `${handle.collection} ${change.key} was changed in the meantime` }
    }
    const images = imagesOf(handle, { change, live: now, kept: keptOf(change, live) }, changes.selection)
    writes.push({ ...images, id: ids[index] ?? Buffer.alloc(0) })
  }
  const unique = indexes.filter((one) => one.unique === true).flatMap((one) => Object.keys(one.key))
  return { handle: there, writes: withMoves(writes, new Set(unique.map((path) => path.split('.')[0] ?? path))) }
}

/** True when the live document is what the plan expects, compared as exported: without omitted and derived fields. */
function isExpected(selection: Selection, live: Buffer | undefined, before: RecordText | undefined): boolean {
  if (live === undefined || before === undefined) return live === undefined && before === undefined
  const text = recordText(withoutFields(live, selection.omit))
  return sameRecord(comparable(text, selection), comparable(before, selection), 'kept')
}

/** A record's text without its derived fields. */
function comparable(text: RecordText, { derived }: Selection): RecordText {
  if (derived.length === 0) return text
  return sortedObjectText([...splitObject(text)].filter(([name]) => !derived.includes(name)))
}

/**
 * The live document whose omitted and derived fields the written document keeps: that of the same key, or that of the key which the record had before (`from`), or none
 * if the key is reassigned to another record.
 */
function keptOf({ key, from, reassigned }: Change, live: ReadonlyMap<KeyText, Buffer>): Buffer | undefined {
  return reassigned === true ? undefined : live.get(from ?? key)
}

/** A change, the live document of its key, and the one whose fields are kept (see `keptOf`). */
interface Images {
  readonly change: Change
  readonly live: Buffer | undefined
  readonly kept: Buffer | undefined
}

function imagesOf(
  handle: CollectionHandle,
  { change, live, kept }: Images,
  selection: Selection,
): Omit<DocumentWrite, 'id'> {
  const { key, after: text } = change
  if (text === undefined) return { key, before: live, after: undefined, moved: false }
  const after = encoded(handle, key, () => recordBytes(text))
  refuseEmptyTimestamps(handle, key, after)
  const full =
    kept === undefined
      ? withPlaceholders(after, selection)
      : withLiveFields(after, kept, [...selection.omit, ...selection.derived])
  const moved = live !== undefined && (handle.connection.writesInBulk || hasDollarFields(full))
  return { key, before: live, after: full, moved }
}

/** A document that arrives, with what the configuration puts into fields that are not exported. */
function withPlaceholders(document: Buffer, { placeholders = new Map() }: Selection): Buffer {
  if (placeholders.size === 0) return document
  const filled = [...placeholders].map(([name, value]) => elementBytes(name, placeholderValue(value)))
  return documentBytes([...elementsOf(document).map(({ bytes }) => bytes), ...filled])
}

function placeholderValue(value: Placeholder): BsonValue {
  if (typeof value === 'string') return encodeValue(stringText(value))
  const isLong = Number.isSafeInteger(value) && Math.abs(Number(value)) > 2_147_483_647
  return encodeValue(isLong ? `{"$numberLong":"${value}"}` : String(value))
}

/** @throws UndoneError for an empty timestamp at the top level, which the server would replace by its own time (MongoDB manual, "BSON Types: Timestamps") */
function refuseEmptyTimestamps(handle: CollectionHandle, key: KeyText, after: Buffer): void {
  const empty = elementsOf(after).find(
    ({ bytes }) => bytes[0] === BSON.timestamp && bytes.subarray(-8).every((byte) => byte === 0),
  )
  if (empty === undefined) return
  throw new UndoneError(
    `source ${handle.connection.source}: ${handle.collection} ${key}: MongoDB would replace the empty timestamp in ${empty.name} by its own time`,
    { hint: 'give the field a value, or list it under omit' },
  )
}

/** True when a field's name begins with `$`: an update would take it for an operator. */
function hasDollarFields(document: Buffer): boolean {
  return elementsOf(document).some(({ name }) => name.startsWith('$'))
}

/** Marks the updates that change a field of a unique index as moved if there are several of them, as each may take a value that another gives up. */
function withMoves(writes: readonly DocumentWrite[], uniqueFields: ReadonlySet<string>): DocumentWrite[] {
  const changing = writes.filter(
    ({ before, after }) => before && after && uniqueImage(before, uniqueFields) !== uniqueImage(after, uniqueFields),
  )
  if (changing.length < 2) return [...writes]
  const moving = new Set(changing)
  return writes.map((write) => (moving.has(write) ? { ...write, moved: true } : write))
}

/** The values of the fields of unique indexes, as a text to compare. */
function uniqueImage(document: Buffer, fields: ReadonlySet<string>): string {
  return elementsOf(document)
    .filter(({ name }) => fields.has(name))
    .map(({ bytes }) => bytes.toString('latin1'))
    .sort()
    .join()
}

/** The result of `encode`. @throws DamagedError in place of a SyntaxError */
function encoded<Result>(handle: CollectionHandle, key: KeyText, encode: () => Result): Result {
  try {
    return encode()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new DamagedError({ path: handle.collection, key }, `record ${key}: ${error.message}`, { cause: error })
  }
}
