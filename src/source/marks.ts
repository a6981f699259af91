/** Marks in the tool's state: what a collection held at a moment is what a commit has of it. A mark stays true whatever becomes of branches and sync points. */
import stableStringify from 'fast-json-stable-stringify'
import type { StateChanges } from '../model/change.ts'

export interface LiveMark {
  /** A commit or a tree. */
  readonly commit: string
  /** The number of records. */
  readonly count: number
  /** The adapter's own text. */
  readonly text: string
  /** When all of the collection was last read and compared, in milliseconds since 1970. */
  readonly fullAt: number
}

export type NewMark = Omit<LiveMark, 'commit'> & {
  /** Without it, the next export has to read more than it need. */
  readonly isDue: boolean
}

const ENTRY = 'mark/'

/** The marks in the tool's state texts, by collection. */
export function marksIn(state: ReadonlyMap<string, string>): ReadonlyMap<string, LiveMark> {
  const entries = [...state].filter(([name]) => name.startsWith(ENTRY))
  return new Map(entries.map(([name, text]) => [name.slice(ENTRY.length), JSON.parse(text) as LiveMark]))
}

/** The state entry of one mark. */
export function markEntry(name: string, mark: LiveMark): readonly [name: string, text: string] {
  return [`${ENTRY}${name}`, stableStringify(mark)]
}

/** After so many records that were read for nothing, a new mark is worth its write. */
export const WORN = 1000

/** The state entries with which the collections are marked as what `commit` has of them. Those without a new mark lose theirs. */
export function markEntries(
  state: ReadonlyMap<string, string>,
  { commit, collections, marks }: MarkedCommit,
): StateChanges {
  const entries = new Map<string, string | undefined>()
  for (const name of collections) {
    const mark = marks.get(name)
    const { isDue: _, ...said } = mark ?? { isDue: false }
    if (mark !== undefined) entries.set(...markEntry(name, { commit, ...(said as Omit<LiveMark, 'commit'>) }))
    else if (state.has(`${ENTRY}${name}`)) entries.set(`${ENTRY}${name}`, undefined)
  }
  return entries
}

/** Those of the marks without which the next export has to read more than it need. */
export function dueMarks(marks: ReadonlyMap<string, NewMark>): ReadonlyMap<string, NewMark> {
  return new Map([...marks].filter(([, { isDue }]) => isDue))
}

export interface MarkedCommit {
  readonly commit: string
  readonly collections: readonly string[]
  readonly marks: ReadonlyMap<string, NewMark>
}
