import { liveThrough } from './history.ts'
import { makeTemplate } from './machines.ts'
import { seedOf } from '../random.ts'
const [n, seed, verbose] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 1), process.argv[4]]
const t2 = await makeTemplate(2),
  t3 = await makeTemplate(3)
let bad = 0
const t = Date.now()
for (let i = 0; i < n; i++) {
  const s = seedOf(seed, i)
  const three = Math.abs(s) % 3 === 0
  const o = await liveThrough(three ? t3 : t2, s, three ? 3 : 2)
  if (o.problems.length > 0) {
    bad++
    console.log(i, s, o.problems)
  }
  if (o.problems.length > 0 || verbose) console.log(o.story.join('\n'))
}
console.log(bad, 'of', n, (Date.now() - t) / 1000 / n, 's each')
import { rm } from 'node:fs/promises'
await rm(t2, { recursive: true })
await rm(t3, { recursive: true })
