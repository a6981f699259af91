import { LAWS } from './laws.ts'
import { ALL_KINDS, planOf } from './plan.ts'
import { seedOf } from './random.ts'
import { simulate } from './simulate.ts'
import * as rules from './other-rules.ts'
const name = process.argv[2] as keyof typeof rules
const n = Number(process.argv[3] ?? 1000)
const counts = new Map<string, number>()
const t = performance.now()
let merges = 0,
  commits = 0,
  drops = 0
for (let i = 0; i < n; i++) {
  const o = simulate(planOf(seedOf(1, i), ALL_KINDS), rules[name])
  merges += o.world.merges
  commits += o.world.graph.commits.length
  drops += o.world.drops
  for (const v of o.violations) {
    counts.set(v.law, (counts.get(v.law) ?? 0) + 1)
    if ((counts.get(v.law) ?? 0) === 1) console.log(i, v)
  }
}
console.log(name, n, 'histories', Math.round((n / (performance.now() - t)) * 1000), '/s', { merges, commits, drops })
for (const law of LAWS) console.log(String(counts.get(law) ?? 0).padStart(7), law)
