/** Who wrote a record last on a line of history, and when: looked up only for the records that both sides touched. */
import { linesWritten } from '../git/history.ts'
import type { Repository } from '../git/repository.ts'
import { keyOf, splitObject, type KeyText } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'
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
    const key = recordInLine(line, question.key)?.key
    if (key !== undefined && stamp.at > (stamps.get(key)?.at ?? -1)) stamps.set(key, stamp)
  }
  return (key) => stamps.get(key) ?? NO_WRITER
}

/** The record of a line, its hash unchecked; undefined for headers and anything else. */
export function recordInLine(line: string, key: readonly string[]): LiveRecord | undefined {
  const text = /^\{"h":"[0-9a-f]{16}","r":(\{.*\})\}$/.exec(line)?.[1]
  if (text === undefined) return undefined
  try {
    return { key: keyOf(splitObject(text), key), text }
  } catch {
    return undefined // a damaged line of the past decides nothing
  }
}

export interface SideStamps {
  readonly ours: StampOf
  readonly theirs: StampOf
}
