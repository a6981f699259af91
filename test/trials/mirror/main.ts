/** `npm run mirror-fuzz`: random courses of two folders that the mirror keeps alike, with crashes. Exit code 1 if anything was lost or the sides did not become alike. */
import { readOptions, type Values, WHOLE } from '../options.ts'
import { playCourse } from './model.ts'

const OPTIONS = {
  runs: { value: 'N', words: 'how many courses', default: '1000', form: WHOLE },
  seed: { value: 'S', words: 'the first one; each course has the next', default: '1', form: WHOLE },
} as const

const wanted = readOptions('mirror-fuzz', OPTIONS)
if (wanted !== undefined) await run(wanted)

async function run({ runs, seed }: Values<typeof OPTIONS>): Promise<void> {
  const start = Date.now()
  let wrong = 0
  for (let i = 0; i < Number(runs); i++) {
    const { problems, story } = await playCourse(Number(seed) + i)
    if (problems.length > 0) {
      wrong++
      console.log(`\n${story.join('\n')}\n${problems.join('\n')}`)
    }
    if ((i + 1) % 1000 === 0) console.log(`${i + 1} of ${runs} courses, ${wrong} wrong`)
  }
  console.log(`${wrong} of ${runs} courses went wrong; ${((Date.now() - start) / Number(runs)).toFixed(1)} ms each`)
  process.exitCode = wrong > 0 ? 1 : 0
}
