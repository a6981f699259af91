/** The live database read into memory, collection by collection, in one moment. */
import type { KeyText, RecordText } from '../model/canonical.ts'
import { UsageError } from '../model/errors.ts'
import type { Source } from './source.ts'
import { readSyncState, type SyncState } from './sync-state.ts'

export type Records = ReadonlyMap<KeyText, RecordText>

export interface Live {
  /** Only the collections that were asked for. */
  readonly collections: ReadonlyMap<string, Records>
  /** State texts of the same moment. */
  readonly state: ReadonlyMap<string, string>
  readonly sync: SyncState
}

/** Records between two words of progress: about a third of a second. */
const PROGRESS_EVERY = 50_000

/**
 * Reads these collections and the tool's state in one consistent snapshot.
 * @throws UsageError when a configured key does not tell records apart
 */
export async function readLive(source: Source, names: Iterable<string>): Promise<Live> {
  return source.adapter.snapshot(async (snapshot) => {
    const collections = new Map<string, Records>()
    for (const name of names) {
      const selection = source.selections.get(name)
      if (selection === undefined) continue
      const records = new Map<KeyText, RecordText>()
      let count = 0
      for await (const batch of snapshot.records(selection)) {
        for (const record of batch) records.set(record.key, record.text)
        count += batch.length
        if (count % PROGRESS_EVERY < batch.length) source.progress(`reading ${source.source}/${name}: ${count} records`)
      }
      if (records.size !== count) throw ambiguousKey(source, name, count - records.size)
      collections.set(name, records)
    }
    return { collections, state: snapshot.state, sync: readSyncState(snapshot.state) }
  })
}

function ambiguousKey(source: Source, name: string, extra: number): UsageError {
  const key = source.selections.get(name)?.schema.key.join(', ')
  return new UsageError(
    `${source.source}/${name}: the key (${key}) does not tell all records apart: ${extra} share theirs`,
    {
      hint: `Set sources.${source.source}.collections.${name}.key to fields that do, or exclude the collection.`,
    },
  )
}
