/** Arrays configured `set`: every member is a register of its own, so what one side added is in, and what one side removed is out. */
import { compareBytes, type ValueText } from '../model/canonical.ts'
import { once } from '../model/once.ts'
import type { MergeContext } from './context.ts'
import { compareElements, elementsOf, isArray } from './elements.ts'
import { decidingText, type FieldOrder } from './versions.ts'
import { mapRegister, type Register } from './writes.ts'

interface Member {
  readonly text: ValueText
  readonly count: number
}

/**
 * Merges two arrays by member, each with its count: from the side that wrote it, by the greatest write where both did. Order has no meaning in a set, so the result is
 * sorted (integers by value, the rest by bytes): the same members give the same text whatever was merged first, and whichever side is ours.
 */
export function mergeSets(context: MergeContext, register: Register): ValueText[] {
  const { order } = context.rules
  const tally = once((text: ValueText | undefined) => tallyOf(elementsOf(text) ?? [], order))
  const [ours, theirs] = [tally(register.ours), tally(register.theirs)]
  const merged: ValueText[] = []
  for (const member of new Set([...ours.keys(), ...theirs.keys()])) {
    const counts = mapRegister(register, { at: (text) => countText(tally(text).get(member)), holds: isArray }, order)
    const settled = context.settle(counts)
    const count = Number((settled === undefined ? counts[context.choose(counts).side] : settled.value) ?? 0)
    const text = smaller(ours.get(member)?.text, theirs.get(member)?.text)
    for (let i = 0; i < count; i++) merged.push(text)
  }
  return merged.sort(compareElements)
}

function countText(member: Member | undefined): ValueText | undefined {
  return member === undefined ? undefined : String(member.count)
}

/** Members by what decides their equality, each with its smallest text. */
function tallyOf(elements: readonly ValueText[], order: FieldOrder): Map<string, Member> {
  const members = new Map<string, Member>()
  for (const element of elements) {
    const id = decidingText(element, order)
    const known = members.get(id)
    members.set(id, { text: smaller(known?.text, element), count: (known?.count ?? 0) + 1 })
  }
  return members
}

function smaller(a: ValueText | undefined, b: ValueText | undefined): ValueText {
  if (a === undefined || b === undefined) return a ?? b ?? ''
  return compareBytes(a, b) <= 0 ? a : b
}
