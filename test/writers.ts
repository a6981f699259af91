/** `npm run writers -- [--engine sqlite|postgres] [--cycles 200] [--pause MS]`: programs that write into both databases while they are merged; ends with 1 when a write was lost. */
import { parseArgs } from 'node:util'
import { postgres } from './support/live-postgres.ts'
import { sqlite } from './support/live-sqlite.ts'
import type { Engine } from './support/live-database.ts'
import { startInstalled } from './support/postgres-cluster.ts'
import { removeTemplates } from './support/two-assets.ts'
import { runCycles } from './support/writers/cycles.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    cycles: { type: 'string', default: '200' },
    pause: { type: 'string', default: '5' },
  },
})

async function engineNamed(name: string): Promise<{ engine: Engine; readonly stop: () => Promise<void> }> {
  if (name === 'sqlite') return { engine: sqlite, stop: async () => undefined }
  const given = process.env['POSTGRES_TEST_URI']
  if (given !== undefined) return { engine: postgres([{ name, uri: given, version: 0 }]), stop: async () => undefined }
  const server = await startInstalled()
  const { uri, version } = server
  return { engine: postgres([{ name, uri, version }]), stop: () => server.stop() }
}

const { engine, stop } = await engineNamed(values.engine)
const start = performance.now()
try {
  const cycles = Number(values.cycles)
  const progress = (cycle: number): void => {
    if (cycle % 20 === 0) console.log(`${cycle} of ${cycles} cycles`)
  }
  const { problems, transactions, repeated, postponed } = await runCycles(engine, {
    cycles,
    pauseMs: Number(values.pause),
    progress,
  })
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
