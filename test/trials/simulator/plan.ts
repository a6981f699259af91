/** A plan is everything that makes a history: who takes part, under which rules, and what happens. Plain data made from a seed; a shorter plan is a plan too. */
import type { MergeRules } from '../../../src/model/rules.ts'
import { rulesWith } from '../../unit/merge/rules.ts'
import type { Action } from './actions.ts'
import type { Habits } from './edits.ts'
import type { Manner } from './manual.ts'
import { type Random, randomOf, weighted } from './random.ts'
import { shapeOf } from './registers.ts'
import { shapes } from './world.ts'

export interface Plan {
  readonly seed: number
  readonly machines: readonly { readonly name: string; readonly skew: number }[]
  readonly records: number
  readonly star: boolean
  readonly believes: boolean
  readonly rules: MergeRules
  readonly habits: Habits
  readonly actions: readonly Action[]
}

/** How many of a hundred merges are made in each manner. */
export type Manners = Readonly<Record<Manner, number>>

/** What a run varies: how merges are made (one kind a history), how often things happen; the rest follows from the seed. */
export interface Mixture {
  readonly machines: readonly [least: number, most: number]
  readonly actions: readonly [least: number, most: number]
  readonly manners: readonly Manners[]
  readonly kinds: Readonly<Record<Action['kind'], number>>
  /** The rules that histories choose from. */
  readonly rules: readonly MergeRules[]
}

/** All kinds of everything. */
const ALL: Mixture = {
  machines: [2, 5],
  actions: [15, 70],
  manners: [
    { tool: 100, git: 0, side: 0, mixed: 0, third: 0 },
    { tool: 10, git: 85, side: 5, mixed: 0, third: 0 },
    { tool: 20, git: 25, side: 30, mixed: 20, third: 5 },
    { tool: 0, git: 20, side: 45, mixed: 30, third: 5 },
  ],
  kinds: {
    edit: 22,
    export: 20,
    hold: 2,
    code: 4,
    hand: 3,
    accept: 10,
    fetch: 2,
    pull: 36,
    push: 12,
    rebase: 8,
    republish: 0,
    squash: 0,
  },
  rules: [],
}

const START = 1_700_000_000_000

export function planOf(seed: number, mixture: Mixture): Plan {
  const random = randomOf(seed)
  const count = random.integer(...mixture.machines)
  const shared = random.chance(10)
  const skew = random.pick([0, 20, 100, 300])
  const machines = Array.from({ length: count }, (_, i) => ({
    name: shared ? 'shared' : `asset-${i}`,
    skew: START + random.integer(-skew, skew) * 1000,
  }))
  const habits = {
    timeMoves: random.pick([20, 50, 75]),
    deletes: random.pick([0, 5, 15, 30]),
    unique: random.pick([0, 50, 100]),
  }
  const records = random.pick([1, 1, 1, 2, 3])
  const make = { machines: count, kinds: mixture.kinds, manners: random.pick(mixture.manners) }
  const actions = Array.from({ length: random.integer(...mixture.actions) }, () => actionOf(random, make))
  return {
    seed,
    machines,
    records,
    star: random.chance(50),
    believes: random.chance(50),
    rules: random.pick(mixture.rules.length > 0 ? mixture.rules : RULES),
    habits,
    actions,
  }
}

function actionOf(
  random: Random,
  { machines, kinds, manners }: { machines: number; kinds: Mixture['kinds']; manners: Manners },
): Action {
  const kind = weighted(random.next(), kinds)
  const manner = weighted(random.next(), manners)
  return { kind, machine: random.integer(0, machines - 1), seed: random.seed(), manner }
}

const PLAIN = rulesWith({ collection: 'things' })

/** Every combination of the rules a collection can have; each with its shape. */
const RULES: readonly MergeRules[] = [undefined, 't'].flatMap((newest) =>
  [[], ['g1', 'g2']].flatMap((critical) =>
    [{}, { tags: 'set' } as const].flatMap((arrays) =>
      [[], ['n']].map((counters) => ({ ...PLAIN, newest, critical, arrays, counters })),
    ),
  ),
)

const SERIAL: readonly MergeRules[] = [{ ...PLAIN, serialKey: true }]
const KEYED: readonly MergeRules[] = [{ ...PLAIN, arrays: { tags: { keyed: 'id' } } }]

for (const rules of [...RULES, ...SERIAL, ...KEYED]) shapes.set(rules, shapeOf(rules))

/** By name: all of it; merges by the tool and git alone; most merges by hand; long histories of five machines. */
export const MIXTURES: Readonly<Record<string, Mixture>> = {
  all: ALL,
  tool: { ...ALL, manners: ALL.manners.slice(0, 1), kinds: { ...ALL.kinds, hand: 0, accept: 0 } },
  manual: { ...ALL, manners: ALL.manners.slice(3) },
  long: { ...ALL, machines: [5, 5], actions: [100, 160] },
}

/** By name, what is counted and stated, and not without violations: published commits rebased, squashed by a host, keys handed out twice, arrays of elements with keys. */
export const APART: Readonly<Record<string, Mixture>> = {
  published: { ...ALL, manners: ALL.manners.slice(0, 1), kinds: { ...ALL.kinds, rebase: 0, republish: 12 } },
  squash: { ...ALL, manners: ALL.manners.slice(0, 1), kinds: { ...ALL.kinds, squash: 10 } },
  serial: { ...ALL, manners: ALL.manners.slice(0, 1), rules: SERIAL },
  keyed: { ...ALL, manners: ALL.manners.slice(0, 1), rules: KEYED },
}
