/** The elements of an array in its three states, and the order merged elements are put in where no side's own order can stand. */
import { compareBytes, kindOf, splitArray, type ValueText } from '../model/canonical.ts'
import type { Versions } from './versions.ts'

export interface ElementVersions {
  readonly base: readonly ValueText[]
  readonly ours: readonly ValueText[]
  readonly theirs: readonly ValueText[]
}

/** The elements of three arrays, none for an absent base; `undefined` when one of them is no array. */
export function splitElements({ base, ours, theirs }: Versions): ElementVersions | undefined {
  if (!isArray(ours) || !isArray(theirs)) return undefined
  if (base !== undefined && !isArray(base)) return undefined
  return { base: base === undefined ? [] : splitArray(base), ours: splitArray(ours), theirs: splitArray(theirs) }
}

function isArray(text: ValueText | undefined): text is ValueText {
  return text !== undefined && kindOf(text) === 'array'
}

const INTEGER = /^-?\d+$/

/** Integers by value, then everything else by bytes: 2 comes before 10, and any two machines sort alike. */
export function compareElements(a: string, b: string): number {
  const [left, right] = [INTEGER.test(a), INTEGER.test(b)]
  if (left !== right) return left ? -1 : 1
  if (!left) return compareBytes(a, b)
  const [x, y] = [BigInt(a), BigInt(b)]
  return x < y ? -1 : x > y ? 1 : compareBytes(a, b)
}
