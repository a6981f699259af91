/**
 * What live holds of a large collection, where most of it is known to be what a commit has: the files that may differ were read, the others only when somebody asks for their records.
 */
import { bucketOf } from '../format/layout.ts'
import { NotRead } from '../git/history/lazily.ts'
import { GitError } from '../git/run.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import { setRecord } from '../model/change.ts'
import type { Layout } from '../model/collection.ts'
import { DamagedError } from '../model/errors.ts'
import type { Records } from '../model/records.ts'
import type { ExportsPlace } from '../source/source.ts'
import { type CommittedCollection, differingBuckets, readRecords } from './committed.ts'

export interface PartRecordsMade {
  /** Holds the records of all other files. */
  readonly exported: CommittedCollection
  /** The files that were read. */
  readonly buckets: Iterable<string>
  /** All records of those. */
  readonly records: Map<KeyText, RecordText>
  /** The number of all records. */
  readonly size: number
}

/** A map of all records. Its synchronous functions throw NotRead where they need a file that was not read yet, so that they can be called inside `complete`. */
export class PartRecords implements ReadonlyMap<KeyText, RecordText> {
  readonly size: number
  readonly layout: Layout
  readonly #place: ExportsPlace
  readonly #exported: CommittedCollection
  readonly #buckets: Set<string>
  readonly #records: Map<KeyText, RecordText>

  constructor(place: ExportsPlace, { exported, buckets, records, size }: PartRecordsMade) {
    this.#place = place
    this.#exported = exported
    this.#buckets = new Set(buckets)
    this.#records = records
    this.layout = exported.layout
    this.size = size
  }

  /** The files whose records are in `known`: they may differ from the commit's. */
  get buckets(): ReadonlySet<string> {
    return this.#buckets
  }

  /** The records that were read. */
  get known(): Records {
    return this.#records
  }

  /** The commit's files (bucket → blob id) that have what live holds in those buckets. */
  get unread(): ReadonlyMap<string, string> {
    return new Map([...this.#exported.buckets].filter(([bucket]) => !this.#buckets.has(bucket)))
  }

  /** Reads these files too. @throws DamagedError, GitError where the commit's are damaged or not here */
  async cover(buckets: Iterable<string>): Promise<void> {
    const more = [...new Set(buckets)].filter((bucket) => !this.#buckets.has(bucket))
    for (const [key, text] of await readRecords(this.#place, this.#exported, more)) this.#records.set(key, text)
    for (const bucket of more) this.#buckets.add(bucket)
  }

  /** Reads all files that differ from this export's: the rest is then the same in both. @throws as `cover` does */
  async coverDifferences(from: CommittedCollection | undefined): Promise<void> {
    await this.cover(differingBuckets(this.#exported, from) ?? this.#exported.buckets.keys())
  }

  /** The same records with those of some keys changed or removed (undefined). */
  async with(changes: readonly (readonly [KeyText, RecordText | undefined])[]): Promise<PartRecords> {
    await this.cover(changes.map(([key]) => bucketOf(key, this.layout)))
    const records = new Map(this.#records)
    for (const [key, text] of changes) setRecord(records, key, text)
    const size = this.size + records.size - this.#records.size
    return new PartRecords(this.#place, {
      exported: this.#exported,
      buckets: this.#buckets,
      records,
      size,
    })
  }

  get(key: KeyText): RecordText | undefined {
    const bucket = bucketOf(key, this.layout)
    if (this.#buckets.has(bucket)) return this.#records.get(key)
    throw new NotRead(`bucket ${bucket} of ${this.#exported.schema.name} in live`, () => this.cover([bucket]))
  }

  has(key: KeyText): boolean {
    return this.get(key) !== undefined
  }

  forEach(use: (text: RecordText, key: KeyText, records: Records) => void): void {
    for (const [key, text] of this.#all()) use(text, key, this)
  }

  entries(): ReturnType<Records['entries']> {
    return this.#all().entries()
  }

  keys(): ReturnType<Records['keys']> {
    return this.#all().keys()
  }

  values(): ReturnType<Records['values']> {
    return this.#all().values()
  }

  [Symbol.iterator](): ReturnType<Records['entries']> {
    return this.entries()
  }

  #all(): Map<KeyText, RecordText> {
    if (this.unread.size === 0) return this.#records
    throw new NotRead(`all of ${this.#exported.schema.name} in live`, () => this.cover(this.#exported.buckets.keys()))
  }
}

/** True for what reading an export throws when its files are damaged, or git does not have them. */
export function isUnreadableExport(error: unknown): boolean {
  return error instanceof DamagedError || error instanceof GitError
}

/** A copy with the records of some keys changed or removed (undefined); the records themselves where there are none. */
export async function withRecords(
  records: Records,
  changed: readonly (readonly [KeyText, RecordText | undefined])[],
): Promise<Records> {
  if (changed.length === 0) return records
  if (records instanceof PartRecords) return records.with(changed)
  const copy = new Map(records)
  for (const [key, text] of changed) setRecord(copy, key, text)
  return copy
}

/** Makes sure that the records of these files can be had without waiting. */
export async function cover(records: Records, buckets: Iterable<string>): Promise<void> {
  if (records instanceof PartRecords) await records.cover(buckets)
}

/** The records, all of them read. */
export async function wholeRecords(records: Records): Promise<Records> {
  if (records instanceof PartRecords) await records.coverDifferences(undefined)
  return records
}

/** The records of these files, and perhaps of more. */
export async function recordsAround(records: Records, buckets: Iterable<string>): Promise<Records> {
  if (!(records instanceof PartRecords)) return records
  await records.cover(buckets)
  return records.known
}
