/** Makes a plan that breaks a law as small as it can: leaves out actions, records and special rules as long as the same law is still broken. */
import type { Law } from './laws.ts'
import type { Plan } from './plan.ts'
import { simulate } from './simulate.ts'
import type { RuleMaker } from './world.ts'

/** The smallest plan found that breaks `law`. */
export function shrink(plan: Plan, law: Law, maker: RuleMaker): Plan {
  const breaks = (tried: Plan): boolean => simulate(tried, maker).violations.some((violation) => violation.law === law)
  let small = plan
  for (let before = -1; before !== small.actions.length;) {
    before = small.actions.length
    small = withFewerActions(small, breaks)
  }
  return withoutExtras(small, breaks)
}

type Breaks = (plan: Plan) => boolean

/** Leaves out ever smaller runs of actions. */
function withFewerActions(plan: Plan, breaks: Breaks): Plan {
  let small = plan
  for (let size = Math.ceil(plan.actions.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < small.actions.length;) {
      const tried = { ...small, actions: small.actions.toSpliced(from, size) }
      if (breaks(tried)) small = tried
      else from += size
    }
  }
  return small
}

function withoutExtras(plan: Plan, breaks: Breaks): Plan {
  const plain = plan.machines.map(({ name }) => ({ name, skew: plan.machines[0]?.skew ?? 0 }))
  const used = Math.max(2, ...plan.actions.map(({ machine }) => machine + 1))
  const tries: readonly Partial<Plan>[] = [
    { records: 1 },
    { believes: false },
    { machines: plain.slice(0, used) },
    { machines: plan.machines.slice(0, used) },
  ]
  return tries.reduce<Plan>((small, extra) => (breaks({ ...small, ...extra }) ? { ...small, ...extra } : small), plan)
}
