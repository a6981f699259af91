/** What the database itself remembers of safety: which snapshots' applies it has taken, and that `tandem undo` holds it. Inside, so that every clone of one database knows, and a restored backup tells the truth. */
import stableStringify from 'fast-json-stable-stringify'
import type { StateChanges } from '../../model/change.ts'

/** An undo that waits for `tandem apply` or `tandem undo --publish`. */
export interface Undone {
  /** ISO time of the first undo. */
  readonly since: string
  readonly asset: string
  /** Names of the snapshots that the undos took, oldest first: what a redo goes back to. */
  readonly snapshots: readonly string[]
  /** Names of the snapshots whose applies were taken back. */
  readonly of: readonly string[]
}

/** More than a clone keeps, for databases that several clones share. */
const TAKEN_LIMIT = 60

/** Snapshots whose applies this database has taken, newest first. */
export function takenHere(state: ReadonlyMap<string, string>, source: string): readonly string[] {
  return JSON.parse(state.get(takenName(source)) ?? '[]') as string[]
}

/** The hold that an undo left. */
export function undoneOf(state: ReadonlyMap<string, string>, source: string): Undone | undefined {
  const text = state.get(undoneName(source))
  return text === undefined ? undefined : (JSON.parse(text) as Undone)
}

/** The state entry that notes an apply. */
export function takenEntry(
  state: ReadonlyMap<string, string>,
  source: string,
  name: string,
): readonly [name: string, text: string] {
  return [takenName(source), JSON.stringify([name, ...takenHere(state, source)].slice(0, TAKEN_LIMIT))]
}

/** The state entry that holds a source, or (undefined) lets it go. */
export function undoneEntry(
  source: string,
  undone: Undone | undefined,
): readonly [name: string, text: string | undefined] {
  return [undoneName(source), undone === undefined ? undefined : stableStringify(undone)]
}

/** What must still be so when a plan made from this state is applied. */
export function expectedMarks(state: ReadonlyMap<string, string>, source: string): StateChanges {
  return new Map([takenName(source), undoneName(source)].map((name) => [name, state.get(name)]))
}

function takenName(source: string): string {
  return `taken/${source}`
}

function undoneName(source: string): string {
  return `undone/${source}`
}
