/** Who wrote a record last on a line of history, and when: looked up only for the records that both sides touched. */
import { linesWritten } from '../git/history.ts'
import type { Repository } from '../git/repository.ts'
import { mergeCollection, type CollectionInput, type MergedCollection } from '../merge/collection.ts'
import { keyOf, splitObject, type KeyText } from '../model/canonical.ts'
import type { WriterStamp } from '../model/rules.ts'

/** A side that nobody is known to have written. */
export const NO_WRITER: WriterStamp = { asset: '', since: 0, at: 1 }

export type StampOf = (key: KeyText) => WriterStamp

export interface WritesQuestion {
  /** Commits, as arguments of git log. */
  readonly range: readonly string[]
  /** Folder or file of the exports. */
  readonly place: string
  /** Key fields of the collection. */
  readonly key: readonly string[]
}

/** The stamp of the latest write of each record in a range. */
export async function lastWrites(repository: Repository, question: WritesQuestion): Promise<StampOf> {
  const stamps = new Map<KeyText, WriterStamp>()
  for (const { line, stamp } of await linesWritten(repository, question.range, question.place)) {
    const key = keyIn(line, question.key)
    if (key !== undefined && stamp.at > (stamps.get(key)?.at ?? -1)) stamps.set(key, stamp)
  }
  return (key) => stamps.get(key) ?? NO_WRITER
}

/** The key of a records line; undefined for headers and anything else. */
function keyIn(line: string, key: readonly string[]): KeyText | undefined {
  const record = /^\{"h":"[0-9a-f]{16}","r":(\{.*\})\}$/.exec(line)?.[1]
  if (record === undefined) return undefined
  try {
    return keyOf(splitObject(record), key)
  } catch {
    return undefined // a damaged line of the past decides nothing
  }
}

export interface SideStamps {
  readonly ours: StampOf
  readonly theirs: StampOf
}

/** Merges a collection, and looks stamps up only if some record needs them. */
export async function mergeStamped(
  input: Omit<CollectionInput, 'stampsOf'>,
  load: () => Promise<SideStamps>,
): Promise<MergedCollection> {
  let asked = false
  const first = mergeCollection({
    ...input,
    stampsOf: () => {
      asked = true
      return { ours: NO_WRITER, theirs: NO_WRITER }
    },
  })
  if (!asked) return first
  const stamps = await load()
  return mergeCollection({ ...input, stampsOf: (key) => ({ ours: stamps.ours(key), theirs: stamps.theirs(key) }) })
}
