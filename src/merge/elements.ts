/** The elements of an array as a register's versions have them, and the order merged elements are put in where no side's own order can stand. */
import { compareBytes, kindOf, splitArray, type ValueText } from '../model/canonical.ts'

/** The elements of a value; none for an absent one, `undefined` when it is no array. */
export function elementsOf(text: ValueText | undefined): readonly ValueText[] | undefined {
  if (text === undefined) return []
  return kindOf(text) === 'array' ? splitArray(text) : undefined
}

export function isArray(text: ValueText | undefined): boolean {
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
