/** Reads the records of the live database into memory, all from one consistent snapshot. */
import type { Snapshot } from '../adapters/adapter.ts'
import { withoutDerived } from '../merge/versions.ts'
import { type KeyText, type RecordText, splitObject } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import { packRecords } from '../model/packed-records.ts'
import type { Records } from '../model/records.ts'
import type { Source } from './source.ts'
import { type SyncState, readSyncState } from './sync-state.ts'
import { type WithheldRecords, asMeant, readWithheld } from './withheld.ts'

export interface Live {
  /** Only the collections that were asked for. Withheld records are shown as intended, so their absence is not read as a deletion. */
  readonly collections: ReadonlyMap<string, Records>
  /** The same collections with what the database really holds. They differ from `collections` only where records are withheld. */
  readonly actual: ReadonlyMap<string, Records>
  readonly withheld: WithheldRecords
  /** Collections whose records cannot be told apart by their key, and why. They have to be held: `collections` may lack some of their records. */
  readonly unreadable: ReadonlyMap<string, string>
  /** State texts of the same moment. */
  readonly state: ReadonlyMap<string, string>
  readonly sync: SyncState
}

/** Progress is shown each time this many records were read: about every third of a second. */
const PROGRESS_EVERY = 50_000

/** Reads these collections and the tool's state in one consistent snapshot. Names that the source does not have are skipped. @throws UnreachableError */
export async function readLive(source: Source, names: Iterable<string>): Promise<Live> {
  return atMoment(source, (moment) => moment.live(names))
}

/** One moment of the database. */
export interface Moment extends Pick<Snapshot, 'state' | 'mark' | 'writtenSince'> {
  live(names: Iterable<string>): Promise<Live>
  /** The same, for whoever writes all records out: they stay packed where the engine gives them so. */
  packedLive(names: Iterable<string>): Promise<Live>
}

/** Like `readLive`, for more than one question. */
export async function atMoment<Result>(source: Source, read: (moment: Moment) => Promise<Result>): Promise<Result> {
  return source.adapter.snapshot((snapshot) => {
    return read({
      ...snapshot,
      live: (names) => liveIn(source, { snapshot, read: readAll }, names),
      packedLive: (names) => liveIn(source, { snapshot, read: readPacked }, names),
    })
  })
}

async function liveIn(
  source: Source,
  from: { readonly snapshot: Snapshot; readonly read: typeof readPacked },
  names: Iterable<string>,
): Promise<Live> {
  const { snapshot, read } = from
  const collections = new Map<string, Records>()
  const unreadable = new Map<string, string>()
  for (const name of names) {
    const selection = source.selections.get(name)
    if (selection === undefined) continue
    const { records, problem } = await read(source, snapshot, selection)
    if (problem !== undefined) unreadable.set(name, problem)
    collections.set(name, records)
  }
  const withheld = readWithheld(snapshot.state)
  const meant = [...collections].map(([name, records]) => {
    const refused = withheld.get(name)
    return [name, refused === undefined ? records : asMeant(records, refused)] as const
  })
  const sync = readSyncState(snapshot.state)
  return { collections: new Map(meant), actual: collections, withheld, unreadable, state: snapshot.state, sync }
}

/** The records of any tables of the source, exported or not, in one consistent snapshot; with `most`, about so many of each. */
export async function readTables(
  source: Source,
  selections: readonly Selection[],
  most: number = Number.POSITIVE_INFINITY,
): Promise<ReadonlyMap<string, Records>> {
  if (selections.length === 0) return new Map()
  return source.adapter.snapshot(async (snapshot) => {
    const tables = new Map<string, Records>()
    for (const selection of selections)
      tables.set(selection.schema.name, (await readAll(source, snapshot, { ...selection, most })).records)
    return tables
  })
}

/** The records of one collection; `problem`: why they cannot be told apart. */
interface CollectionRead {
  readonly records: Records
  readonly problem: string | undefined
}

/** All records of one collection, or the first `most`. */
async function readAll(
  source: Source,
  snapshot: Snapshot,
  { most = Number.POSITIVE_INFINITY, ...selection }: Selection & { readonly most?: number },
): Promise<CollectionRead> {
  const { key } = selection.schema
  const records = new Map<KeyText, RecordText>()
  let count = 0
  let isNullInKey = false
  for await (const batch of snapshot.records(selection)) {
    for (const record of batch) {
      records.set(record.key, record.text)
      isNullInKey ||= record.key.includes('null') && lacksKey(record, key)
    }
    count += batch.length
    if (count >= most) break
    tellProgress(source, selection, { count, more: batch.length })
  }
  return { records, problem: problemOf(source, selection, { extra: count - records.size, isNullInKey }) }
}

/** All records of one collection, packed where the engine gives them so. */
async function readPacked(source: Source, snapshot: Snapshot, selection: Selection): Promise<CollectionRead> {
  if (snapshot.blocks === undefined) return readAll(source, snapshot, selection)
  const packing = packRecords()
  let isNullInKey = false
  for await (const block of snapshot.blocks(selection)) {
    const before = packing.count
    packing.add(block)
    isNullInKey ||= block.lacksKey
    tellProgress(source, selection, { count: packing.count, more: packing.count - before })
  }
  const { records, count } = packing
  return { records, problem: problemOf(source, selection, { extra: count - records.size, isNullInKey }) }
}

/** @param read `more`: how many records of `count` came last */
function tellProgress(
  source: Source,
  { schema }: Selection,
  { count, more }: { readonly count: number; readonly more: number },
): void {
  if (count % PROGRESS_EVERY < more) source.progress(`reading ${source.source}/${schema.name}: ${count} records`)
}

/** @param found `extra`: how many records share the key of another one */
function problemOf(
  source: Source,
  selection: Selection,
  found: { readonly extra: number; readonly isNullInKey: boolean },
): string | undefined {
  if (found.isNullInKey) return nullInKey(selection.schema.key)
  return found.extra === 0 ? undefined : ambiguousKey(source, selection, found.extra)
}

function nullInKey(key: readonly string[]): string {
  return `a record has NULL in its key (${key.join(', ')}), so nothing can name it; fill it in, or exclude the collection`
}

/** True when a key field is missing, that is NULL. SQLite allows that in a primary key that is not INTEGER; nothing can name such a record. */
function lacksKey(record: LiveRecord, key: readonly string[]): boolean {
  const fields = splitObject(record.text)
  return key.some((name) => !fields.has(name))
}

function ambiguousKey(source: Source, { schema: { name, key } }: Selection, extra: number): string {
  return `the key (${key.join(', ')}) does not tell all records apart: ${extra} share theirs; set sources.${source.source}.collections.${name}.key to fields that do, or exclude it`
}

/** The records of a collection without its derived fields; the same map when it has none. */
export function withoutDerivedFields(source: Source, collection: string, records: Records): Records {
  const derived = source.selections.get(collection)?.derived ?? []
  if (derived.length === 0) return records
  return new Map([...records].map(([key, text]) => [key, withoutDerived(text, { derived })]))
}
