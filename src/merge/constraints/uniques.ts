/**
 * Restores unique keys. Where several records have the same value after the merge, they are decided together with all that a decision moves: who would have to give up a value that
 * one of them goes back to, and so on (settle-values.ts). The better a record ranks (rank.ts), the sooner it keeps its value; a loser that existed before the sides parted moves to
 * another of its values (claimants.ts), one that did not is quarantined.
 */
import { type KeyText, compareBytes } from '../../model/canonical.ts'
import { type Claimant, type ValuesOf, allValues, claimantsOf, valuesOfOrigin, valuesOfSides } from './claimants.ts'
import { type CollectionPast, type SourceDraft, idOf, pastOf, quarantine, takeUnseen } from './draft.ts'
import { type Ranked, rank } from './rank.ts'
import { goBack } from './retreat.ts'
import { settleValues } from './settle-values.ts'
import { type UniqueKey, holdersOf, nameOfUnique, uniqueKeysOf, valueIn } from './unique-key.ts'

/** Restores every unique key of a collection. Returns true when a record was changed. */
export function settleUniques(draft: SourceDraft, name: string): boolean {
  const part = draft.parts.get(name)
  if (part === undefined) return false
  let changed = false
  for (const unique of uniqueKeysOf(draft, part)) changed = settleUnique(draft, unique) || changed
  return changed
}

function settleUnique(draft: SourceDraft, unique: UniqueKey): boolean {
  const clashes = clashesOf(draft, unique)
  const past = clashes.length === 0 ? undefined : pastOf(draft, unique.part.name)
  if (past === undefined) return false
  const settled = settle(draft, unique, { past, keys: clashes.flat() })
  if (settled === undefined) return false
  const losers = settled.inOrder.filter(({ key }) => settled.chosen.get(key) !== 0)
  const winners = winnersOf(settled)
  for (const loser of losers) lose(draft, unique, { loser, past, winners, chosen: settled.chosen.get(loser.key) })
  return losers.length > 0
}

interface SettledUnique {
  /** The best first. */
  readonly inOrder: readonly RankedClaimant[]
  /** Key → which of its values it has; none for a record that has to go. */
  readonly chosen: ReadonlyMap<KeyText, number>
}

interface RankedClaimant extends Claimant, Ranked {
  /** How many rank before it. */
  readonly position: number
}

interface Clash {
  readonly past: CollectionPast
  readonly keys: readonly KeyText[]
}

/** Further values are only taken into account where the nearer ones do not give every record that existed a place. undefined when more has to be read first. */
function settle(draft: SourceDraft, unique: UniqueKey, clash: Clash): SettledUnique | undefined {
  let settled = settleWith(draft, unique, { ...clash, valuesOf: valuesOfOrigin })
  for (const valuesOf of [valuesOfSides, allValues]) {
    if (settled === undefined || isComplete(settled)) return settled
    if (clash.past.lines === undefined) {
      draft.needed.lines.add(unique.part.name)
      return undefined
    }
    settled = settleWith(draft, unique, { ...clash, valuesOf })
  }
  return settled
}

function isComplete({ inOrder, chosen }: SettledUnique): boolean {
  return inOrder.every(({ key, standing }) => standing === 'new' || chosen.has(key))
}

function settleWith(
  draft: SourceDraft,
  unique: UniqueKey,
  clash: Clash & { readonly valuesOf: ValuesOf },
): SettledUnique | undefined {
  const claimants = claimantsOf(draft, unique, clash)
  if (draft.needed.uniques.size + draft.needed.earlier.size > 0) return undefined
  const ranked = rank(unique.part, clash.past, [...claimants.keys()])
  const inOrder = ranked.map((each, position) => ({ ...(claimants.get(each.key) as Claimant), ...each, position }))
  return { inOrder, chosen: settleValues(inOrder) }
}

/** Value → who has it in the end. */
function winnersOf({ inOrder, chosen }: SettledUnique): Map<string | undefined, RankedClaimant> {
  const staying = inOrder.filter(({ key }) => chosen.has(key))
  return new Map(staying.map((each) => [each.values[chosen.get(each.key) as number], each]))
}

/** Groups of keys whose records have the same value, sorted by the bytes of their keys. Only values that some record got since the last call are looked at. */
export function clashesOf(draft: SourceDraft, unique: UniqueKey): KeyText[][] {
  const fresh = new Set<string>()
  for (const { before, now } of takeUnseen(unique.part, nameOfUnique(unique))) {
    const [value, former] = [valueIn(draft, unique, now), valueIn(draft, unique, before)]
    if (value !== undefined && value !== former) fresh.add(value)
  }
  const held = [...holdersOf(draft, unique, fresh).values()].filter((keys) => keys.length > 1)
  const groups = held.map((keys) => keys.toSorted(compareBytes))
  return groups.sort(([a = ''], [b = '']) => compareBytes(a, b))
}

interface Losing {
  readonly loser: RankedClaimant
  /** Which of its values it has; undefined when it has to go. */
  readonly chosen: number | undefined
  readonly winners: ReadonlyMap<string | undefined, RankedClaimant>
  readonly past: CollectionPast
}

function lose(draft: SourceDraft, unique: UniqueKey, { loser, chosen, winners, past }: Losing): void {
  const { part, fields } = unique
  const { key, values, texts, position } = loser
  const winner = winners.get(values[0])
  // one that ranks behind the loser has the value only because no other was left for it
  const rule = winner !== undefined && winner.position > position ? 'no-place' : loser.rule
  const retreat = chosen === undefined ? undefined : texts[chosen]
  if (retreat !== undefined) {
    draft.wentBack.add(idOf(part.name, nameOfUnique(unique), key, retreat))
    return goBack(draft, part, { key, fields, retreat, rule, past })
  }
  const reason = `${fields.join(', ')} is the same as in record ${winner?.key}, which won`
  quarantine(draft, part, { key, rule, reason })
}
