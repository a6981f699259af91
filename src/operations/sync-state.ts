/** The tool's memory inside the database: which database this is, the sync point of each collection, and the export that is about to be committed. Texts in, plain values out. */
import stableStringify from 'fast-json-stable-stringify'
import type { StateChanges } from '../model/change.ts'

/** The commit whose exports the live data last agreed with, and up to 100 older ones, newest first. */
export interface SyncPoint {
  readonly commit: string
  readonly chain: readonly string[]
}

/** An export whose commit may or may not have been made: whoever finds a commit with this tree that came after `head` makes it the sync point of these collections. */
export interface Candidate {
  readonly tree: string
  /** HEAD when it was made: older commits with the same tree do not count. */
  readonly head: string
  readonly collections: readonly string[]
  /** Collection → digest of its files (`filesDigest`): whoever commits them, with code or other sources beside, commits what live held. */
  readonly files: Readonly<Record<string, string>>
}

export interface SyncState {
  /** Random id of this database; undefined: the tool was never here. */
  readonly id: string | undefined
  readonly candidate: Candidate | undefined
  readonly points: ReadonlyMap<string, SyncPoint>
}

const CHAIN_LIMIT = 100
const POINT = 'sync/'

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

/** The state entry that moves a collection's sync point to `commit`. */
export function pointEntry(
  collection: string,
  before: SyncPoint | undefined,
  commit: string,
): readonly [name: string, text: string] {
  const older = before === undefined ? [] : [before.commit, ...before.chain]
  const chain = older.filter((id) => id !== commit).slice(0, CHAIN_LIMIT)
  return [`${POINT}${collection}`, stableStringify({ commit, chain })]
}

/** The state entry that forgets a collection. */
export function noPointEntry(collection: string): readonly [name: string, text: undefined] {
  return [`${POINT}${collection}`, undefined]
}

export function candidateEntry(candidate: Candidate | undefined): readonly [name: string, text: string | undefined] {
  return ['candidate', candidate === undefined ? undefined : stableStringify(candidate)]
}

/** What must still stand in the database when a plan made from this state is applied: the binding and the points of these collections. */
export function expectedEntries(state: ReadonlyMap<string, string>, collections: Iterable<string>): StateChanges {
  const expected = new Map<string, string | undefined>([['id', state.get('id')]])
  for (const name of collections) expected.set(`${POINT}${name}`, state.get(`${POINT}${name}`))
  return expected
}
