import { LAWS, type Law } from './laws.ts'
import { ALL_KINDS, planOf } from './plan.ts'
import { seedOf } from './random.ts'
import { simulate } from './simulate.ts'
import * as rules from './rules.ts'
import { shrink } from './shrink.ts'
import { reproduce } from './reproduction.ts'
const name = process.argv[2] as keyof typeof rules
const n = Number(process.argv[3] ?? 1000)
const wanted = process.argv[4]
const skip = Number(process.argv[5] ?? 0)
const counts = new Map<string, number>()
const t = process.cpuUsage()
let merges = 0,
  commits = 0,
  drops = 0
for (let i = 0; i < n; i++) {
  const plan = planOf(seedOf(1, i), ALL_KINDS)
  const o = simulate(plan, rules[name])
  merges += o.world.merges
  commits += o.world.graph.commits.length
  drops += o.world.drops
  for (const v of o.violations) {
    counts.set(v.law, (counts.get(v.law) ?? 0) + 1)
    if (wanted !== undefined && v.law.includes(wanted) && counts.get(v.law) === 1 + skip) {
      const small = shrink(plan, v.law as Law, rules[name])
      const again = simulate(small, rules[name]).violations.find((x) => x.law === v.law)
      console.log(i, reproduce(small, again!, rules[name]))
    }
  }
}
const u = process.cpuUsage(t)
console.log(name, n, 'histories', Math.round((n / (u.user + u.system)) * 1e6), '/s of cpu', { merges, commits, drops })
for (const law of LAWS) console.log(String(counts.get(law) ?? 0).padStart(7), law)
