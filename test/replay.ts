/** `npm run replay -- [--exchanges 60] [--seed N]`: the replay of two bots, as long as one likes; ends with 1 when an edit was lost or a delete undone. */
import { parseArgs } from 'node:util'
import { replay } from './support/replay/replay.ts'
import { removeTemplates } from './support/two-assets.ts'

const { values } = parseArgs({
  options: { exchanges: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
})

const start = performance.now()
const { problems, writes, contests } = await replay({ exchanges: Number(values.exchanges), seed: Number(values.seed) })
for (const problem of problems) console.log(`WRONG ${problem}`)
const seconds = ((performance.now() - start) / 1000).toFixed(0)
console.log(
  `seed ${values.seed}: ${values.exchanges} exchanges in ${seconds} s, ${writes} records written, ${contests} fields written by both, ${problems.length} wrong`,
)
await removeTemplates()
process.exitCode = problems.length > 0 ? 1 : 0
