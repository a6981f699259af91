/**
 * What live holds, for an export. A collection that was marked when it was last exported is not read again as a whole: what was written since, over what was exported then, is what it
 * holds. Wherever that cannot be told for certain, all of it is read.
 */
import { optionsFor } from '../config/match.ts'
import {
  type Committed,
  type CommittedCollection,
  differingBuckets,
  readCommitted,
  readRecords,
} from '../exports/committed.ts'
import { type KeyIndex, missingKeys, readKeyIndex } from '../exports/key-index.ts'
import { structureText } from '../format/collection-file.ts'
import { bucketOf, needsRelayout } from '../format/layout.ts'
import { type KeyText, type RecordText, keyHash } from '../model/canonical.ts'
import type { Layout, Selection } from '../model/collection.ts'
import { once } from '../model/once.ts'
import type { Records } from '../model/records.ts'
import { type Live, type Moment, atMoment } from '../source/live.ts'
import { type LiveMark, type NewMark, marksIn } from '../source/marks.ts'
import type { Source } from '../source/source.ts'
import { readWithheld } from '../source/withheld.ts'

export interface LiveChanges extends Live {
  /** Of these collections `collections` has only some records. */
  readonly parts: ReadonlyMap<string, LivePart>
  /** Marks of this moment. */
  readonly marks: ReadonlyMap<string, NewMark>
}

/** A collection of which only those files were looked at that may differ from HEAD's. */
export interface LivePart {
  readonly layout: Layout
  readonly buckets: ReadonlySet<string>
  /** The number of all records. */
  readonly size: number
  /** All records. */
  readonly whole: () => Promise<Records>
  /** Reads the keys of what was exported at the mark; undefined where this clone does not have them. */
  readonly index: () => Promise<KeyIndex | undefined>
}

/** After so many records that were read for nothing, a new mark is worth its write. */
const WORN = 1000

/** From time to time everything is read, so that whatever goes wrong with marks mends itself. */
const FULL_EVERY_MS = 7 * 24 * 3_600_000

/** What is read although marks tell what was written. */
export interface Reading {
  /** All of every collection. */
  readonly whole?: boolean
  /** Collections that have outgrown their layout: new ones are chosen for them. */
  readonly relayout?: boolean
}

export interface ChangesQuestion extends Reading {
  /** The exports with which live is to be compared. */
  readonly head: Committed
  readonly nowMs: number
}

/** @throws UnreachableError */
export async function readLiveChanges(source: Source, at: ChangesQuestion): Promise<LiveChanges> {
  const committedAt = once((id: string) => readCommitted(source, id).catch(() => NONE))
  return atMoment(source, async (moment) => {
    const withheld = readWithheld(moment.state)
    const marked = marksIn(moment.state)
    const found = new Map<string, FoundPart>()
    for (const [name, mark] of at.whole === true ? [] : marked) {
      const selection = source.selections.get(name)
      const head = at.head.get(name)
      const isOld = Math.abs(at.nowMs - mark.fullAt) > FULL_EVERY_MS
      if (selection === undefined || head === undefined || withheld.has(name) || isOld) continue
      const exported = (await committedAt(mark.commit)).get(name)
      if (exported === undefined || !mayCompare(source, selection, [head, exported])) continue
      const part = await readPart(source, moment, { selection, mark, exported, head })
      const isOutgrown = part !== undefined && needsRelayout(part.layout, part.size, head.buckets.size)
      if (part !== undefined && !(at.relayout === true && isOutgrown)) found.set(name, part)
    }
    const live = await moment.packedLive([...source.selections.keys()].filter((name) => !found.has(name)))
    const records = [...found].map(([name, part]) => [name, part.records] as const)
    const marks = new Map<string, NewMark>()
    for (const [name, selection] of source.selections) {
      if (withheld.has(name) || live.unreadable.has(name)) continue
      const part = found.get(name)
      const text = part?.mark ?? (await moment.mark(selection))
      const count = part?.size ?? live.collections.get(name)?.size ?? 0
      const fullAt = part === undefined ? at.nowMs : (marked.get(name)?.fullAt ?? 0)
      if (text !== undefined) marks.set(name, { text, count, fullAt, isDue: part === undefined || part.written > WORN })
    }
    return {
      ...live,
      collections: new Map([...live.collections, ...records]),
      actual: new Map([...live.actual, ...records]),
      parts: found,
      marks,
    }
  })
}

const NONE: Committed = new Map()

/** A configured key may name two records. */
function mayCompare(source: Source, { schema }: Selection, exported: readonly CommittedCollection[]): boolean {
  const isConfigured = optionsFor(source.config, schema.name).key !== undefined
  const structure = structureText(schema)
  return !isConfigured && exported.every((each) => structureText(each.schema) === structure)
}

interface FoundPart extends LivePart {
  /** Those of the buckets. */
  readonly records: Records
  /** How many records were read. */
  readonly written: number
  /** Of this moment. */
  readonly mark: string
}

interface PartQuestion {
  readonly selection: Selection
  readonly mark: LiveMark
  /** What live held at the mark. */
  readonly exported: CommittedCollection
  readonly head: CommittedCollection
}

/** undefined where all has to be read: the mark tells nothing any more, or records were deleted. */
async function readPart(
  source: Source,
  moment: Moment,
  { selection, mark, exported, head }: PartQuestion,
): Promise<FoundPart | undefined> {
  const { layout } = head
  const differing = differingBuckets(exported, head)
  if (differing === undefined) return undefined
  const since = await moment.writtenSince(selection, mark.text)
  if (since === undefined) return undefined
  const buckets = new Set([...differing, ...since.records.map(({ key }) => bucketOf(key, layout))])
  const records = await readRecords(source, exported, buckets)
  const before = records.size
  for (const { key, text } of since.records) records.set(key, text)
  const index = (): Promise<KeyIndex | undefined> => readKeyIndex(source, exported)
  // all others are still there, unless as many are gone as are missing in the count
  const gone = mark.count + records.size - before - since.count
  if (gone !== 0) {
    const known = gone < 0 ? undefined : await index()
    const missing = known && (await missingKeys(known, since.keys()))
    if (missing === undefined || !(await removeGone(source, { exported, buckets, records, missing, gone })))
      return undefined
  }
  const whole = async (): Promise<Records> => {
    const others = [...exported.buckets.keys()].filter((bucket) => !buckets.has(bucket))
    return new Map([...(await readRecords(source, exported, others)), ...records])
  }
  const written = since.records.length
  return { layout, buckets, size: since.count, records, written, mark: since.mark, whole, index }
}

interface Gone extends Pick<PartQuestion, 'exported'> {
  readonly buckets: Set<string>
  readonly records: Map<KeyText, RecordText>
  readonly missing: ReadonlyMap<string, ReadonlySet<bigint>>
  /** So many must be missing. */
  readonly gone: number
}

/** Takes the missing records out, reading their files too; false where others are missing than the count says. */
async function removeGone(source: Source, { exported, buckets, records, missing, gone }: Gone): Promise<boolean> {
  const more = [...missing.keys()].filter((bucket) => !buckets.has(bucket))
  for (const [key, text] of await readRecords(source, exported, more)) records.set(key, text)
  for (const bucket of more) buckets.add(bucket)
  const hashes = new Set([...missing.values()].flatMap((each) => [...each]))
  const keys = [...records.keys()].filter((key) => hashes.has(keyHash(key)))
  for (const key of keys) records.delete(key)
  return keys.length === gone
}
