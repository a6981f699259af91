/**
 * From a plan to the writes it needs: every touched document is read, compared with what the plan expects, and its after-image put together byte by byte.
 * Separate from performing them because everything that can fail here fails before a single write.
 */
import { sameRecord, sortedObjectText, splitObject } from '../../model/canonical.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { ApplyPlan, Change, CollectionChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { DamagedError, UndoneError } from '../../model/errors.ts'
import { BSON } from './bson-types.ts'
import { allIndexes } from './describe.ts'
import { elementsOf, idDocument, recordBytes, recordText, withLiveFields, withoutFields } from './record.ts'
import { readByIds, type Place } from './wire.ts'

/** One document's images, complete (omitted fields included). */
export interface Write {
  readonly key: KeyText
  /** `{_id: …}`, bytes. */
  readonly id: Buffer
  readonly before: Buffer | undefined
  readonly after: Buffer | undefined
  /** Deleted first and inserted last, so that others may take the unique values it gives up; also what `update` cannot write. */
  readonly moved: boolean
}

/** The writes of one collection. */
export interface CollectionWrites {
  readonly place: Place
  readonly writes: readonly Write[]
}

/** A touched document is no longer what the plan expects. */
export interface Stale {
  readonly stale: string
}

/** The writes of a whole plan, or why it cannot be performed. @throws DamagedError when a record's text cannot become a document */
export async function preparePlan(at: Omit<Place, 'collection'>, plan: ApplyPlan): Promise<CollectionWrites[] | Stale> {
  const prepared: CollectionWrites[] = []
  for (const changes of plan.collections) {
    const writes = await prepareCollection({ ...at, collection: changes.selection.schema.name }, changes)
    if ('stale' in writes) return writes
    prepared.push(writes)
  }
  return prepared
}

async function prepareCollection(place: Place, changes: CollectionChanges): Promise<CollectionWrites | Stale> {
  const indexes = await allIndexes(place.connection, place.collection)
  const there: Place = {
    ...place,
    collated: indexes.some((index) => index['collation'] !== undefined && index.name === '_id_'),
  }
  const ids = changes.changes.map((change) => encoded(place, change.key, () => idDocument(change.key)))
  const live = await readByIds(there, ids)
  const writes: Write[] = []
  for (const [index, change] of changes.changes.entries()) {
    const now = live.get(change.key)
    if (!isExpected(changes.selection, now, change.before)) {
      return { stale: `${place.collection} ${change.key} was changed in the meantime` }
    }
    const images = imagesOf(place, { change, live: now, kept: keptOf(change, live) }, changes.selection)
    writes.push({ ...images, id: ids[index] ?? Buffer.alloc(0) })
  }
  const unique = indexes.filter((one) => one.unique === true).flatMap((one) => Object.keys(one.key))
  return { place: there, writes: withMoves(writes, new Set(unique.map((path) => path.split('.')[0] ?? path))) }
}

/** Compared as exported: without omitted and derived fields, whatever the order of the others. */
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

/** The document whose omitted and derived fields the new image keeps: its own, that of its former key, or none where the key names another record. */
function keptOf({ key, from, reassigned }: Change, live: ReadonlyMap<KeyText, Buffer>): Buffer | undefined {
  return reassigned === true ? undefined : live.get(from ?? key)
}

interface Images {
  readonly change: Change
  readonly live: Buffer | undefined
  readonly kept: Buffer | undefined
}

function imagesOf(place: Place, { change, live, kept }: Images, selection: Selection): Omit<Write, 'id'> {
  const { key, after: text } = change
  if (text === undefined) return { key, before: live, after: undefined, moved: false }
  const after = encoded(place, key, () => recordBytes(text))
  refuseEmptyTimestamps(place, key, after)
  const full = kept === undefined ? after : withLiveFields(after, kept, [...selection.omit, ...selection.derived])
  const moved = live !== undefined && (place.connection.writesInBulk || hasDollarFields(full))
  return { key, before: live, after: full, moved }
}

/** The server replaces an empty timestamp at the top level by its own time (manual, "BSON Types: Timestamps"). */
function refuseEmptyTimestamps(place: Place, key: KeyText, after: Buffer): void {
  const empty = elementsOf(after).find(
    ({ bytes }) => bytes[0] === BSON.timestamp && bytes.subarray(-8).every((byte) => byte === 0),
  )
  if (empty === undefined) return
  throw new UndoneError(
    `${place.connection.source}: ${place.collection} ${key}: MongoDB would replace the empty timestamp in ${empty.name} by its own time`,
    { hint: 'give the field a value, or list it under omit' },
  )
}

/** A replacement whose field begins with `$` would be taken for an operator. */
function hasDollarFields(document: Buffer): boolean {
  return elementsOf(document).some(({ name }) => name.startsWith('$'))
}

/** Marks the updates that change a field of a unique index, if there are several: each may need what another gives up. */
function withMoves(writes: readonly Write[], uniqueFields: ReadonlySet<string>): Write[] {
  const changing = writes.filter(
    ({ before, after }) => before && after && uniqueImage(before, uniqueFields) !== uniqueImage(after, uniqueFields),
  )
  if (changing.length < 2) return [...writes]
  const moving = new Set(changing)
  return writes.map((write) => (moving.has(write) ? { ...write, moved: true } : write))
}

function uniqueImage(document: Buffer, fields: ReadonlySet<string>): string {
  return elementsOf(document)
    .filter(({ name }) => fields.has(name))
    .map(({ bytes }) => bytes.toString('latin1'))
    .sort()
    .join()
}

function encoded<Result>(place: Place, key: KeyText, encode: () => Result): Result {
  try {
    return encode()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new DamagedError({ path: place.collection, key }, `record ${key}: ${error.message}`, { cause: error })
  }
}
