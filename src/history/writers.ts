/**
 * Reads from history who wrote records. `lastWrites`: the last write of each record in a range of commits. `textWriters`: the last change of exactly the text that a
 * record has now, even if later commits wrote another text under its key. `openOrigins`: how a record was when it was added, which tells two records with the same key apart.
 */
import { recordInLine, textInLine } from '../format/records-file.ts'
import type { CommitGraph } from '../git/history/graph.ts'
import { linesWritten } from '../git/history/commits.ts'
import { complete } from '../git/history/lazily.ts'
import type { Repository } from '../git/repository.ts'
import { convergence } from '../merge/history/convergence.ts'
import type { RecordOrigin } from '../merge/history/lineage.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import { once } from '../model/once.ts'
import type { WriterStamp } from '../model/rules.ts'
import type { Source } from '../source/source.ts'
import { openCollectionHistory } from './collection-history.ts'
import type { MergePlace } from './commit-merge.ts'

/** A record as it was when it was added, and the machine that added it. */
export interface Origin {
  readonly record: RecordText
  readonly asset: string
}

/** The stamp of a side whose writer is not known. It is older than every other stamp. */
export const NO_WRITER: WriterStamp = { asset: '', since: 0, at: 1 }

export type StampOf = (key: KeyText) => WriterStamp

export interface WritesQuestion {
  /** The commits, as arguments of `git log`. */
  readonly range: readonly string[]
  /** A folder or file of the exports. */
  readonly place: string
  /** The key fields of the collection. */
  readonly key: readonly string[]
}

/** Answers the stamp of the latest commit in a range that wrote or deleted a record; `NO_WRITER` when none did. Merges do not count. */
export async function lastWrites(repository: Repository, question: WritesQuestion): Promise<StampOf> {
  const stamps = new Map<KeyText, WriterStamp>()
  for (const { line, stamp } of await linesWritten(repository, question.range, question.place)) {
    const key = recordInLine(line, question.key)?.key
    if (key !== undefined && stamp.at > (stamps.get(key)?.at ?? -1)) stamps.set(key, stamp)
  }
  return (key) => stamps.get(key) ?? NO_WRITER
}

export interface SideStamps {
  readonly ours: StampOf
  readonly theirs: StampOf
}

/** Answers how the record that a commit holds under a key was when it was added, who added it and where; undefined when the commit does not hold it. */
export type Origins = (commit: string, key: KeyText) => Promise<RecordOrigin | undefined>

/** Opens the origins of each collection by its name. A collection's history is read once, even if it is asked for several times. */
export function openOrigins(place: MergePlace, graph: CommitGraph): (name: string) => Origins {
  return once((name) => {
    const history = openCollectionHistory({ ...place, collection: name, folder: place.folder(name), graph })
    const ruleOf = once((key: KeyText) => convergence(history.of(key), place.rules(name), key))
    return (commit, key) => complete(() => ruleOf(key).origin(commit))
  })
}

/** Answers the stamp of the latest commit that added exactly this text (whoever removed it did not write it); if only a merge did, that of the record's last write. */
export async function textWriters(
  source: Pick<Source, 'repository'>,
  question: WritesQuestion,
): Promise<(key: KeyText, text: RecordText) => WriterStamp> {
  const { repository } = source
  const lastWrite = await lastWrites(repository, question)
  const writers = new Map<RecordText, WriterStamp>()
  for (const { line, isAdded, stamp } of await linesWritten(repository, question.range, question.place)) {
    const text = isAdded ? textInLine(line) : undefined
    if (text !== undefined && stamp.at > (writers.get(text)?.at ?? -1)) writers.set(text, stamp)
  }
  return (key, text) => writers.get(text) ?? lastWrite(key)
}
