/** The live database read into memory, collection by collection, in one moment. */
import { splitObject, type KeyText, type RecordText } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'
import type { Source } from './source.ts'
import { readSyncState, type SyncState } from './sync-state.ts'
import { asMeant, readWithheld, type WithheldRecords } from './withheld.ts'

export type Records = ReadonlyMap<KeyText, RecordText>

export interface Live {
  /** Only the collections that were asked for. Records that the database refuses stand as they are meant to be: that they are not there is nobody's edit. */
  readonly collections: ReadonlyMap<string, Records>
  /** The same, as they are; differs where records are withheld. */
  readonly actual: ReadonlyMap<string, Records>
  readonly withheld: WithheldRecords
  /** Collections whose records cannot be told apart, and why: to be held. They are empty in `collections`. */
  readonly unreadable: ReadonlyMap<string, string>
  /** State texts of the same moment. */
  readonly state: ReadonlyMap<string, string>
  readonly sync: SyncState
}

/** Records between two words of progress: about a third of a second. */
const PROGRESS_EVERY = 50_000

/**
 * Reads these collections and the tool's state in one consistent snapshot.
 */
export async function readLive(source: Source, names: Iterable<string>): Promise<Live> {
  return source.adapter.snapshot(async (snapshot) => {
    const collections = new Map<string, Records>()
    const unreadable = new Map<string, string>()
    for (const name of names) {
      const selection = source.selections.get(name)
      if (selection === undefined) continue
      const records = new Map<KeyText, RecordText>()
      let count = 0
      for await (const batch of snapshot.records(selection)) {
        for (const record of batch) {
          records.set(record.key, record.text)
          if (record.key.includes('null') && lacksKey(record, selection.schema.key))
            unreadable.set(
              name,
              `a record has NULL in its key (${selection.schema.key.join(', ')}), so nothing can name it; fill it in, or exclude the collection`,
            )
        }
        count += batch.length
        if (count % PROGRESS_EVERY < batch.length) source.progress(`reading ${source.source}/${name}: ${count} records`)
      }
      if (records.size !== count && !unreadable.has(name))
        unreadable.set(name, ambiguousKey(source, name, count - records.size))
      collections.set(name, records)
    }
    const withheld = readWithheld(snapshot.state)
    const meant = [...collections].map(([name, records]) => {
      const refused = withheld.get(name)
      return [name, refused === undefined ? records : asMeant(records, refused)] as const
    })
    const sync = readSyncState(snapshot.state)
    return { collections: new Map(meant), actual: collections, withheld, unreadable, state: snapshot.state, sync }
  })
}

/** SQLite takes NULL in keys that are no integers; such a record cannot be named. */
function lacksKey(record: LiveRecord, key: readonly string[]): boolean {
  const fields = splitObject(record.text)
  return key.some((name) => !fields.has(name))
}

function ambiguousKey(source: Source, name: string, extra: number): string {
  const key = source.selections.get(name)?.schema.key.join(', ')
  return `the key (${key}) does not tell all records apart: ${extra} share theirs; set sources.${source.source}.collections.${name}.key to fields that do, or exclude it`
}
