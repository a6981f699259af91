/**
 * Unique keys: of several records that hold one value after the merge, the winner by the rules that decide everywhere keeps it. A loser that only now took the value goes
 * back to the one it had; a loser that has nowhere to go is quarantined.
 */
import { compareBytes, type KeyText, type RecordText } from '../../model/canonical.ts'
import { idOf, pastOf, quarantine, recordsOf, takeUnseen, type Draft, type DraftPart, type Past } from './draft.ts'
import { rank, type Ranked } from './rank.ts'
import { seeker } from './seek.ts'
import { fallBack, retreatOf, valueOf } from './retreat.ts'

type Unique = readonly string[]

/** Settles every clash in a collection's unique keys; true when something was changed. */
export function settleUniques(draft: Draft, name: string): boolean {
  const part = draft.parts.get(name)
  if (part === undefined) return false
  let changed = false
  for (const unique of part.schema.uniques) changed = settleUnique(draft, part, unique) || changed
  return changed
}

function settleUnique(draft: Draft, part: DraftPart, unique: Unique): boolean {
  const clashes = clashesOf(part, unique)
  const past = clashes.length === 0 ? undefined : pastOf(draft, part.name)
  if (past === undefined) return false
  const retreats = retreatsOf(part, past, { unique, keys: clashes.flat() })
  const clash: Clash = { part, unique, past, retreats, free: freeValues(part, unique, retreats) }
  for (const keys of clashes) settleClash(draft, clash, keys)
  return true
}

/** Keys that share a value, by the bytes of value and key. Only a value that was newly given to a record can be shared. */
export function clashesOf(part: DraftPart, unique: Unique): KeyText[][] {
  const fresh = new Set<string>()
  for (const { before, now } of takeUnseen(part, idOf('unique', ...unique))) {
    const value = valueOf(now, unique)
    if (value !== undefined && value !== valueOf(before, unique)) fresh.add(value)
  }
  const held = [...holders(part, unique, fresh)].filter(([, keys]) => keys.length > 1)
  return held.sort(([a], [b]) => compareBytes(a, b)).map(([, keys]) => keys.sort(compareBytes))
}

function holders(part: DraftPart, unique: Unique, values: ReadonlySet<string>): Map<string, KeyText[]> {
  const found = new Map<string, KeyText[]>()
  if (values.size === 0) return found
  const seek = seeker({ fields: unique, values })
  for (const [key, text] of recordsOf(part)) {
    const value = seek(text)
    if (value === undefined) continue
    const keys = found.get(value)
    if (keys === undefined) found.set(value, [key])
    else keys.push(key)
  }
  return found
}

/** What each record of a clash would be with its former values. */
function retreatsOf(
  part: DraftPart,
  past: Past,
  at: { readonly unique: Unique; readonly keys: readonly KeyText[] },
): Map<KeyText, RecordText> {
  const found = at.keys.map((key) => [key, retreatOf(part, past, { key, fields: at.unique })] as const)
  return new Map(found.flatMap(([key, text]) => (text === undefined ? [] : [[key, text]])))
}

/** The values that records could go back to and nobody holds. */
function freeValues(part: DraftPart, unique: Unique, retreats: ReadonlyMap<KeyText, RecordText>): Set<string> {
  const values = new Set([...retreats.values()].flatMap((text) => valueOf(text, unique) ?? []))
  const taken = holders(part, unique, values)
  return new Set([...values].filter((value) => !taken.has(value)))
}

interface Clash {
  readonly part: DraftPart
  readonly unique: Unique
  readonly past: Past
  readonly retreats: ReadonlyMap<KeyText, RecordText>
  /** Taken from as records go back. */
  readonly free: Set<string>
}

function settleClash(draft: Draft, clash: Clash, keys: readonly KeyText[]): void {
  const [winner, ...losers] = rank(clash.part, clash.past, keys)
  if (winner !== undefined) for (const loser of losers) lose(draft, clash, { ...loser, winner: winner.key })
}

function lose(draft: Draft, clash: Clash, loser: Ranked & { readonly winner: KeyText }): void {
  const { part, unique, past } = clash
  const { key, rule, winner } = loser
  const retreat = clash.retreats.get(key)
  const value = valueOf(retreat, unique)
  const id = idOf('unique', ...unique, part.name, key)
  if (retreat === undefined || draft.fallen.has(id) || (value !== undefined && !clash.free.delete(value))) {
    quarantine(draft, part, { key, rule, reason: `${unique.join(', ')} is the same as in record ${winner}, which won` })
    return
  }
  draft.fallen.add(id)
  fallBack(draft, part, { key, fields: unique, retreat, rule, past })
}
