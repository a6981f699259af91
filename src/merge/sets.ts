/** Arrays configured `set`: what one side added is in, what one side removed is out. */
import { compareBytes, type ValueText } from '../model/canonical.ts'
import { compareElements, type ElementVersions } from './elements.ts'
import { decidingText, type FieldOrder } from './versions.ts'

interface Member {
  readonly text: ValueText
  readonly count: number
}

/**
 * Three-way per member: its count is taken from the side that changed it, the greater one where both did. Order has no meaning in a set, so the result is sorted
 * (integers by value, the rest by bytes): the same members give the same text whatever was merged first, and whichever side is ours.
 */
export function mergeSets(elements: ElementVersions, order: FieldOrder): ValueText[] {
  const base = tally(elements.base, order)
  const ours = tally(elements.ours, order)
  const theirs = tally(elements.theirs, order)
  const merged: ValueText[] = []
  for (const member of new Set([...ours.keys(), ...theirs.keys()])) {
    const [b, o, t] = [base, ours, theirs].map((side) => side.get(member)?.count ?? 0) as [number, number, number]
    const count = o === b ? t : t === b ? o : Math.max(o, t)
    const text = smaller(ours.get(member)?.text, theirs.get(member)?.text)
    for (let i = 0; i < count; i++) merged.push(text)
  }
  return merged.sort(compareElements)
}

/** Members by what decides their equality, each with its smallest text. */
function tally(elements: readonly ValueText[], order: FieldOrder): Map<string, Member> {
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
