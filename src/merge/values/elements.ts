/** The elements of an array value, and the order of merged elements where neither side's order can be kept. */
import { type ValueText, compareBytes, kindOf, splitArray } from '../../model/canonical.ts'

/** The elements of an array; an empty list for an absent value, undefined for a value that is no array. */
export function elementsOf(text: ValueText | undefined): readonly ValueText[] | undefined {
  if (text === undefined) return []
  return kindOf(text) === 'array' ? splitArray(text) : undefined
}

/** True for an array; false for any other value, and for an absent one. */
export function isArray(text: ValueText | undefined): boolean {
  return text !== undefined && kindOf(text) === 'array'
}

const INTEGER = /^-?\d+$/

/** Compares for sorting: integers by value, so that 2 comes before 10, then all other texts by bytes. The same on every machine. */
export function compareElements(a: string, b: string): number {
  const [left, right] = [INTEGER.test(a), INTEGER.test(b)]
  if (left !== right) return left ? -1 : 1
  if (!left) return compareBytes(a, b)
  const [x, y] = [BigInt(a), BigInt(b)]
  return x < y ? -1 : x > y ? 1 : compareBytes(a, b)
}
