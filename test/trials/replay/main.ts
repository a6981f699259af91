/** `npm run replay`: the replay of two bots, as long as one likes; ends with 1 when an edit was lost or a delete undone. */
import { removeTemplates } from '../../support/two-assets.ts'
import { readOptions, type Values, WHOLE } from '../options.ts'
import { replay } from './run.ts'

const OPTIONS = {
  exchanges: { value: 'N', words: 'how often the machines exchange', default: '60', form: WHOLE },
  seed: { value: 'N', words: 'the same seed gives the same changes', default: '1', form: WHOLE },
} as const

const wanted = readOptions('replay', OPTIONS)
if (wanted !== undefined) await run(wanted)

async function run({ exchanges, seed }: Values<typeof OPTIONS>): Promise<void> {
  const start = performance.now()
  try {
    const { problems, writes, contests } = await replay({ exchanges: Number(exchanges), seed: Number(seed) })
    for (const problem of problems) console.log(`WRONG ${problem}`)
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    console.log(
      `seed ${seed}: ${exchanges} exchanges in ${seconds} s, ${writes} records written, ${contests} fields written by both, ${problems.length} wrong`,
    )
    process.exitCode = problems.length > 0 ? 1 : 0
  } finally {
    await removeTemplates()
  }
}
