/** Arrays configured `set`: every member is merged by itself, so a member that one side added is in the result, and one that a side removed is not. */
import type { ValueText } from '../../model/canonical.ts'
import { once } from '../../model/once.ts'
import type { MergeContext } from './context.ts'
import { readArray } from './array-texts.ts'
import { compareElements } from './elements.ts'
import { type FieldOrder, decidingText, smallerText } from '../versions.ts'
import { type Register, mapRegister } from '../history/writes.ts'

interface SetMember {
  readonly text: ValueText
  readonly count: number
}

/**
 * The merged members of two arrays. How often a member occurs is taken from the side that changed it, or from the greatest write where both did. The members are sorted (integers
 * by value, the rest by bytes): their order has no meaning, and so the same members give the same text in whatever order sides are merged.
 */
export function mergeSets(context: MergeContext, register: Register): ValueText[] {
  const { order } = context.rules
  const tally = once((text: ValueText | undefined) => tallyOf(readArray(text)?.elements ?? [], order))
  const [ours, theirs] = [tally(register.ours), tally(register.theirs)]
  const merged: ValueText[] = []
  for (const member of new Set([...ours.keys(), ...theirs.keys()])) {
    const counts = mapRegister(
      register,
      { at: (text) => countText(tally(text).get(member)), holds: isArrayText },
      order,
    )
    const settled = context.choices.settle(counts)
    const count = Number((settled === undefined ? counts[context.choices.choose(counts).side] : settled.value) ?? 0)
    const text = smallerText(ours.get(member)?.text, theirs.get(member)?.text)
    for (let i = 0; i < count; i++) merged.push(text)
  }
  return merged.sort(compareElements)
}

function isArrayText(text: ValueText | undefined): boolean {
  return readArray(text) !== undefined
}

function countText(member: SetMember | undefined): ValueText | undefined {
  return member === undefined ? undefined : String(member.count)
}

/** The members of an array, each with its number of occurrences. Equal members may be written differently; the text with the smallest bytes is kept. */
function tallyOf(elements: readonly ValueText[], order: FieldOrder): Map<string, SetMember> {
  const members = new Map<string, SetMember>()
  for (const element of elements) {
    const id = decidingText(element, order)
    const known = members.get(id)
    members.set(id, { text: smallerText(known?.text, element), count: (known?.count ?? 0) + 1 })
  }
  return members
}
