/** `npm run writers`: programs that write into both databases while they are merged; ends with 1 when a write was lost. */
import type { Engine } from '../../support/live-database.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { removeTemplates } from '../../support/two-assets.ts'
import { readOptions, type Values, WHOLE } from '../options.ts'
import { ENGINES, postgresServer } from '../server.ts'
import { runCycles } from './run.ts'

const OPTIONS = {
  engine: { value: 'NAME', words: 'the databases', among: ENGINES, default: 'sqlite' },
  cycles: { value: 'N', words: 'how often the machines push and pull', default: '200', form: WHOLE },
  pause: { value: 'MS', words: 'between two transactions of a writer', default: '5', form: WHOLE },
} as const

const wanted = readOptions('writers', OPTIONS)
if (wanted !== undefined) await run(wanted)

async function run(values: Values<typeof OPTIONS>): Promise<void> {
  const { engine, stop } = await engineNamed(values.engine)
  const [cycles, pauseMs] = [Number(values.cycles), Number(values.pause)]
  const start = performance.now()
  const progress = (cycle: number): void => {
    if (cycle % 20 === 0) console.log(`${cycle} of ${cycles} cycles`)
  }
  try {
    const { problems, transactions, repeated, postponed } = await runCycles(engine, { cycles, pauseMs, progress })
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    for (const problem of problems) console.log(`WRONG ${problem}`)
    console.log(
      `${engine.name}: ${cycles} cycles in ${seconds} s, ${transactions} transactions beside them (${repeated} repeated by the database's wish), ${postponed} hooks left their work to the next, ${problems.length} wrong`,
    )
    process.exitCode = problems.length > 0 ? 1 : 0
  } finally {
    await removeTemplates()
    await stop()
  }
}

async function engineNamed(name: string): Promise<{ readonly engine: Engine; readonly stop: () => Promise<void> }> {
  if (name === 'sqlite') return { engine: sqlite, stop: async () => undefined }
  const { server, stop } = await postgresServer()
  return { engine: postgres([server]), stop }
}
