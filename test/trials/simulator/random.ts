/** Seeded random numbers: the same seed gives the same history on every machine, and one number is enough to repeat it. */

export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number
  /** An integer from `least` to `most`, both included. */
  integer(least: number, most: number): number
  /** True in so many of a hundred cases. */
  chance(percent: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** A seed for an independent sequence. */
  seed(): number
}

/** Mulberry32 by Tommy Ettinger (public domain): 32 bits of state are plenty for choices, and it is fast. */
export function randomOf(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    integer,
    chance: (percent) => next() * 100 < percent,
    pick: (items) => items[integer(0, items.length - 1)] as (typeof items)[number],
    seed: () => integer(0, 0x7fffffff),
  }
}

/** The seed of history number `index` of a run. */
export function seedOf(run: number, index: number): number {
  return (Math.imul(run ^ 0x5bd1e995, 0x9e3779b1) + Math.imul(index + 1, 0x85ebca6b)) | 0
}

/** A name by its weight; `at` from 0 up to 1 says where in all of them. */
export function weighted<Name extends string>(at: number, weights: Readonly<Record<Name, number>>): Name {
  const entries = Object.entries<number>(weights) as [Name, number][]
  let left = at * entries.reduce((sum, [, weight]) => sum + weight, 0)
  const found = entries.find(([, weight]) => (left -= weight) < 0)
  if (found === undefined) throw new Error('nothing to choose from')
  return found[0]
}
