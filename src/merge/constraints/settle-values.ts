/**
 * Who of several records has which value after a merge, where each value may be held once. All are decided together, because a record that goes back to an earlier value takes that
 * from whoever got it meanwhile. Knows nothing of records: only who would rather have what, and who may be left out.
 */
import type { KeyText } from '../../model/canonical.ts'

/** One record and the values it may have. */
export interface Claim {
  readonly key: KeyText
  /** Best first: what it has after the merge, then what it had before. undefined is a value that clashes with nothing (NULL). */
  readonly values: readonly (string | undefined)[]
  /** The first two stay wherever that is possible, and those that no side deleted come first. A new one has only the value of the merge, and is left out where it cannot keep that. */
  readonly standing: Standing
}

/** A record that existed before and that no side deleted; one that existed, that a side deleted and the merge kept; one that was added since the sides parted. */
export type Standing = 'undisputed' | 'revived' | 'new'

/**
 * For each record the place of its value in `values`; a record without one is left out. Those that existed all get a value if that is possible at all, else the best of them. Then
 * each in the given order gets the best value with which these can still have one.
 * @param claims the best first; with every record that has a value which one of them may take
 */
export function settleValues(claims: readonly Claim[]): ReadonlyMap<KeyText, number> {
  const draft: Settling = { chosen: new Map(), holders: new Map(), fixed: new Set() }
  for (const claim of claims) if (claim.standing === 'undisputed') place(draft, claim)
  for (const claim of claims) if (claim.standing === 'revived') place(draft, claim)
  for (const claim of claims) {
    const index =
      claim.standing !== 'new' && !draft.chosen.has(claim.key)
        ? -1
        : claim.values.findIndex((_, at) => take(draft, claim, at))
    if (index >= 0) draft.fixed.add(claim.key)
  }
  return draft.chosen
}

interface Settling {
  /** Key → the place of its value in `values`. */
  readonly chosen: Map<KeyText, number>
  readonly holders: Map<string, Claim>
  /** Those whose value no other can take any more. */
  readonly fixed: Set<KeyText>
}

/** A record and which of its values it takes. */
interface Taking {
  readonly claim: Claim
  readonly index: number
}

/** Gives a record without a value one of its own; holders that are not fixed move on to others of theirs for it, as few as possible. Returns false, and changes nothing, where that cannot be. */
function place(draft: Settling, first: Claim): boolean {
  const takers = new Map<string, Taking>()
  const waiting = [first]
  for (const claim of waiting)
    for (const [index, value] of claim.values.entries()) {
      if (value !== undefined && takers.has(value)) continue
      const holder = value === undefined ? undefined : draft.holders.get(value)
      if (holder !== undefined && draft.fixed.has(holder.key)) continue
      if (value !== undefined) takers.set(value, { claim, index })
      if (holder === undefined) {
        moveOn(draft, takers, { claim, index })
        return true
      }
      waiting.push(holder)
    }
  return false
}

/** The last of the chain takes a free value, the one before it the value that this frees, and so on up to the record that had none. */
function moveOn(draft: Settling, takers: ReadonlyMap<string, Taking>, last: Taking): void {
  for (let step: Taking | undefined = last; step !== undefined;) {
    const freed = valueOf(draft, step.claim)
    hold(draft, step)
    step = freed === undefined ? undefined : takers.get(freed)
  }
}

/** Gives a record this value. Returns false, and changes nothing, where another that has one would be left without one. */
function take(draft: Settling, claim: Claim, index: number): boolean {
  const { chosen, holders, fixed } = draft
  const [before, value] = [chosen.get(claim.key), claim.values[index]]
  if (before === index) return true
  const holder = value === undefined ? undefined : holders.get(value)
  if (holder !== undefined && fixed.has(holder.key)) return false
  const freed = valueOf(draft, claim)
  if (freed !== undefined) holders.delete(freed)
  hold(draft, { claim, index })
  if (holder === undefined) return true
  const other = chosen.get(holder.key) as number
  chosen.delete(holder.key)
  fixed.add(claim.key)
  if (place(draft, holder)) return true
  fixed.delete(claim.key)
  chosen.delete(claim.key)
  hold(draft, { claim: holder, index: other })
  if (before !== undefined) hold(draft, { claim, index: before })
  return false
}

function valueOf({ chosen }: Settling, { key, values }: Claim): string | undefined {
  const index = chosen.get(key)
  return index === undefined ? undefined : values[index]
}

function hold({ chosen, holders }: Settling, { claim, index }: Taking): void {
  const value = claim.values[index]
  chosen.set(claim.key, index)
  if (value !== undefined) holders.set(value, claim)
}
