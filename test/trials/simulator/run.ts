/** Runs many histories and counts: per law, the histories that broke it; and how much was in them. */
import { LAWS, type Law } from './laws.ts'
import { type Mixture, type Plan, planOf } from './plan.ts'
import { seedOf } from './random.ts'
import { simulate } from './simulate.ts'
import type { RuleMaker } from './world.ts'

export interface Run {
  readonly seed: number
  readonly histories: number
  readonly mixture: Mixture
  readonly rule: RuleMaker
  /** Called for the first history that breaks a law. */
  readonly onFirst?: (law: Law, plan: Plan) => void
  /** Called after every so many histories. */
  readonly onProgress?: (done: number) => void
}

export interface Tally {
  readonly broken: Readonly<Record<Law, number>>
  /** Histories that broke any law. */
  readonly wrong: number
  readonly merges: number
  readonly commits: number
  /** Merges whose file dropped what was there, and decided nothing. */
  readonly drops: number
  /** Seconds of processor time. */
  readonly seconds: number
}

/** Simulates a run's histories one by one. */
export function tally({ seed, histories, mixture, rule, onFirst, onProgress }: Run): Tally {
  const broken = Object.fromEntries(LAWS.map((law) => [law, 0])) as Record<Law, number>
  const sums = { wrong: 0, merges: 0, commits: 0, drops: 0 }
  const start = process.cpuUsage()
  for (let i = 0; i < histories; i++) {
    const plan = planOf(seedOf(seed, i), mixture)
    const { violations, world } = simulate(plan, rule)
    sums.merges += world.merges
    sums.commits += world.graph.commits.length
    sums.drops += world.drops
    if (violations.length > 0) sums.wrong++
    for (const { law } of violations) if (broken[law]++ === 0) onFirst?.(law, plan)
    if ((i + 1) % 1000 === 0) onProgress?.(i + 1)
  }
  const { user, system } = process.cpuUsage(start)
  return { broken, ...sums, seconds: (user + system) / 1e6 }
}
