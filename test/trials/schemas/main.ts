/** `npm run schemas`: random histories with real git and the built program over schemas that make merges hard. Exit code 1 if any went wrong. */
import { readOptions, type Values, WHOLE } from '../options.ts'
import { ENGINES, postgresServer } from '../server.ts'
import { postgresWorlds } from './postgres-world.ts'
import { runSchemas, type Worlds } from './run.ts'
import { SQLITE_WORLDS } from './sqlite-world.ts'

const OPTIONS = {
  histories: { value: 'N', words: 'how many', default: '20', form: WHOLE },
  seed: { value: 'S', words: 'the same seed gives the same histories; without it, by the time', form: WHOLE },
  from: { value: 'K', words: 'begin with history K of the seed', default: '0', form: WHOLE },
  engine: { value: 'NAME', words: 'the databases', among: ENGINES, default: 'sqlite' },
  parallel: { value: 'P', words: 'how many at a time', default: '1', form: /^[1-9]\d*$/ },
} as const

const wanted = readOptions('schemas', OPTIONS)
if (wanted !== undefined) await run(wanted)

async function run(values: Values<typeof OPTIONS>): Promise<void> {
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const histories = Number(values.histories)
  console.log(`${histories} histories, seed ${seed}, ${values.engine}`)
  const { worlds, stop } = await worldsNamed(values.engine)
  const start = Date.now()
  let ended = 0
  try {
    const wrong = await runSchemas({
      seed,
      from: Number(values.from),
      histories,
      parallel: Number(values.parallel),
      worlds,
      onEnd: ({ problems, story }, index) => {
        if (++ended % 20 === 0) console.log(`${ended} of ${histories} histories`)
        if (problems.length > 0) console.log(`\nhistory ${index}\n${story.join('\n')}\n${problems.join('\n')}`)
      },
    })
    const seconds = (Date.now() - start) / 1000 / Math.max(1, histories)
    console.log(`${wrong} of ${histories} histories went wrong; ${seconds.toFixed(1)} seconds each`)
    process.exitCode = wrong > 0 ? 1 : 0
  } finally {
    await stop()
  }
}

async function worldsNamed(engine: string): Promise<{ readonly worlds: Worlds; readonly stop: () => Promise<void> }> {
  if (engine === 'sqlite') return { worlds: SQLITE_WORLDS, stop: async () => undefined }
  const { server, stop } = await postgresServer()
  return { worlds: postgresWorlds(server), stop }
}
