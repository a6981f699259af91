/** The tool's state in the database: the database's id, the sync point of each collection, and the export that is about to be committed. Turns its texts into plain values and back. */
import stableStringify from 'fast-json-stable-stringify'
import type { StateChanges } from '../model/change.ts'

/** `commit`: the commit whose exports live last agreed with. `chain`: up to 100 earlier sync points of the collection, newest first. */
export interface SyncPoint {
  readonly commit: string
  readonly chain: readonly string[]
}

/** An export whose commit may or may not have been made. A run that finds a commit with this tree after `head` makes it the sync point of these collections. */
export interface Candidate {
  readonly tree: string
  /** HEAD when the export was made. Commits in its history that have the same tree do not count. */
  readonly head: string
  readonly collections: readonly string[]
  /** Collection → digest of its files (`filesDigest`). A commit with these files holds what live held, even if it also has code or other sources and so another tree. */
  readonly files: Readonly<Record<string, string>>
}

export interface SyncState {
  /** Random id of this database; undefined when `init` has never bound it. */
  readonly id: string | undefined
  readonly candidate: Candidate | undefined
  readonly points: ReadonlyMap<string, SyncPoint>
}

const CHAIN_LIMIT = 100

const POINT = 'sync/'

/** Reads the sync state from the tool's state texts. */
export function readSyncState(state: ReadonlyMap<string, string>): SyncState {
  const points = new Map<string, SyncPoint>()
  for (const [name, text] of state)
    if (name.startsWith(POINT)) points.set(name.slice(POINT.length), JSON.parse(text) as SyncPoint)
  const candidate = state.get('candidate')
  return {
    id: state.get('id'),
    candidate: candidate === undefined ? undefined : (JSON.parse(candidate) as Candidate),
    points,
  }
}

/** The state entry that moves a collection's sync point from `before` to `commit`. */
export function pointEntry(
  collection: string,
  before: SyncPoint | undefined,
  commit: string,
): readonly [name: string, text: string] {
  const older = before === undefined ? [] : [before.commit, ...before.chain]
  const chain = older.filter((id) => id !== commit).slice(0, CHAIN_LIMIT)
  return [`${POINT}${collection}`, stableStringify({ commit, chain })]
}

/** The state entry that removes a collection's sync point. */
export function noPointEntry(collection: string): readonly [name: string, text: undefined] {
  return [`${POINT}${collection}`, undefined]
}

/** The state entry that stores the candidate; undefined removes it. */
export function candidateEntry(candidate: Candidate | undefined): readonly [name: string, text: string | undefined] {
  return ['candidate', candidate === undefined ? undefined : stableStringify(candidate)]
}

/** The entries that must be unchanged in the database when a plan made from this state is applied: the database's id and the sync points of these collections. */
export function expectedEntries(state: ReadonlyMap<string, string>, collections: Iterable<string>): StateChanges {
  const expected = new Map<string, string | undefined>([['id', state.get('id')]])
  for (const name of collections) expected.set(`${POINT}${name}`, state.get(`${POINT}${name}`))
  return expected
}
