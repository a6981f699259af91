/** Runs one plan under a rule and says which laws it broke. */
import { exportLive, perform } from './actions.ts'
import { TooLong } from './commits.ts'
import { dataCommit } from './commit-kinds.ts'
import { editLive } from './edits.ts'
import type { Violation } from './laws.ts'
import { toolMerge } from './merging.ts'
import type { Plan } from './plan.ts'
import { type Random, randomOf } from './random.ts'
import { type Machine, type RuleMaker, stateOf, type World, worldOf } from './world.ts'

export interface Outcome {
  readonly violations: readonly Violation[]
  readonly world: World
}

/** The history of a plan, judged by every law. */
export function simulate(plan: Plan, maker: RuleMaker): Outcome {
  const world = start(plan, maker)
  try {
    let serial = 0
    const setting = { habits: plan.habits, serial: () => ++serial }
    begin(world, plan, setting)
    for (const action of plan.actions) perform(world, action, setting)
    finish(world, randomOf(plan.seed ^ 0x51ed27))
  } catch (error) {
    if (!(error instanceof TooLong)) world.violations.push(failure(error))
  }
  return { violations: world.violations, world }
}

function failure(error: unknown): Violation {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { law: 'the rule ends without an error', record: 0, commits: [], message }
}

function start(plan: Plan, maker: RuleMaker): World {
  const machines = plan.machines.map(({ name, skew }) => ({
    name,
    skew,
    head: 0,
    sync: 0,
    live: [] as (string | undefined)[],
    seen: plan.machines.map(() => 0),
  }))
  return worldOf(maker, plan.rules, { records: plan.records, machines })
}

/** The first commit, which everybody has: each record is there already, or is added later by whom it occurs to. */
function begin(world: World, plan: Plan, setting: { habits: Plan['habits']; serial: () => number }): void {
  const random = randomOf(plan.seed ^ 0x2545f4)
  const first = world.machines[0] as Machine
  const live = world.records.map(({ shape }) =>
    random.chance(70) ? editLive(undefined, { shape, ...setting, random, now: first.skew }) : undefined,
  )
  first.live = live
  world.believes = plan.believes
  dataCommit(world, first, { parent: undefined, kind: 'first export' })
  for (const machine of world.machines) machine.live = [...live]
  world.remote = plan.star ? 0 : undefined
}

/** Everybody exports what they have; then all of it is merged, in several orders, which must give one record. */
function finish(world: World, random: Random): void {
  for (const machine of world.machines) exportLive(world, machine)
  const tips = [...new Set([...world.machines.map(({ head }) => head), world.remote ?? 0])]
  const ends = [mergeAll(world, tips, random), mergeAll(world, tips, random), mergeAll(world, tips, random)]
  for (const record of world.records) {
    const states = ends.map((end) => stateOf(record, end))
    if (new Set(states).size === 1) continue
    const law = 'any order of merges gives the same record'
    world.violations.push({
      law,
      record: record.number,
      commits: ends,
      message: states.map((text) => text ?? 'absent').join(' · '),
    })
  }
}

/** Merges all commits into one, in random order, sometimes the same ones again. */
function mergeAll(world: World, tips: readonly number[], random: Random): number {
  const machine = world.machines[0] as Machine
  const left = [...tips]
  while (left.length > 1) {
    const [ours] = left.splice(random.integer(0, left.length - 1), 1) as [number]
    const at = random.integer(0, left.length - 1)
    const theirs = left[at] as number
    const merged = toolMerge(world, machine, { ours, theirs })
    if (!random.chance(20) || left.length === 1) left.splice(at, 1)
    left.push(merged)
  }
  return left[0] as number
}
