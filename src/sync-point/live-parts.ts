/** Live in terms of exports: what a marked collection holds is what was exported at the mark, with what was written since. Only the files that may differ are read. */
import { optionsFor } from '../config/match.ts'
import { type CommittedCollection, differingBuckets, readRecords } from '../exports/committed.ts'
import { type KeyIndex, missingKeys, readKeyIndex } from '../exports/key-index.ts'
import { PartRecords, isUnreadableExport } from '../exports/part-records.ts'
import { structureText } from '../format/collection-file.ts'
import { bucketOf } from '../format/layout.ts'
import { type KeyText, type RecordText, keyHash } from '../model/canonical.ts'
import type { Selection } from '../model/collection.ts'
import type { Moment } from '../source/live.ts'
import type { LiveMark } from '../source/marks.ts'
import type { Source } from '../source/source.ts'

/** A collection of which only those files were looked at that may differ from certain commits'. */
export interface LivePart {
  readonly records: PartRecords
  /** How many records were written since the mark. */
  readonly written: number
  /** A mark of this moment. */
  readonly mark: string
  /** Reads the keys of what was exported at the mark; undefined where this clone does not have them. */
  readonly index: () => Promise<KeyIndex | undefined>
}

export interface PartQuestion {
  readonly selection: Selection
  readonly mark: LiveMark
  /** What live held at the mark. */
  readonly exported: CommittedCollection
  /** Exports with which live is to be compared: the files that are not read are the same in all. */
  readonly compared: readonly CommittedCollection[]
}

/** undefined where all has to be read: the mark tells nothing any more, what was deleted cannot be told, or the commit's files are not all here and whole. @throws UnreachableError */
export async function readPart(source: Source, moment: Moment, question: PartQuestion): Promise<LivePart | undefined> {
  try {
    return await readMarked(source, moment, question)
  } catch (error) {
    if (isUnreadableExport(error)) return undefined
    throw error
  }
}

async function readMarked(source: Source, moment: Moment, question: PartQuestion): Promise<LivePart | undefined> {
  const { selection, mark, exported, compared } = question
  if (!mayCompare(source, selection, [exported, ...compared])) return undefined
  const differing = compared.map((each) => differingBuckets(exported, each))
  if (differing.includes(undefined)) return undefined
  const since = await moment.writtenSince(selection, mark.text)
  if (since === undefined) return undefined
  const { layout } = exported
  const written = since.records.map(({ key }) => bucketOf(key, layout))
  const buckets = new Set([...differing.flatMap((each) => [...(each ?? [])]), ...written])
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
  const part = new PartRecords(source, { exported, buckets, records, size: since.count })
  return { records: part, written: since.records.length, mark: since.mark, index }
}

/** A configured key may name two records. */
function mayCompare(source: Source, { schema }: Selection, exported: readonly CommittedCollection[]): boolean {
  const isConfigured = optionsFor(source.config, schema.name).key !== undefined
  const structure = structureText(schema)
  return !isConfigured && exported.every((each) => structureText(each.schema) === structure)
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
