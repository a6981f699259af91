/**
 * A process of its own for the test that kills an apply: raises `n` of every row by one, in one plan, twice. Says how many milliseconds the first took, and so
 * that the second begins.
 */
import { planOf, recordsOf, selectionOf } from '../scene.ts'
import { openSqlite } from './fixture.ts'

const adapter = await openSqlite(process.argv[2] ?? '')
const selection = await selectionOf(adapter, 'rows')
for (const turn of ['first', 'second']) {
  const round = Number((await adapter.readState()).get('round') ?? '0')
  const changes = (await recordsOf(adapter, selection)).map((before) => {
    const { id } = JSON.parse(before) as { readonly id: number }
    return { key: `[${id}]`, before, after: before.replace(/"n":\d+/, `"n":${round + 1}`) }
  })
  const start = performance.now()
  await adapter.apply(planOf(selection, changes, { set: new Map([['round', String(round + 1)]]) }))
  if (turn === 'first') process.stdout.write(`${performance.now() - start}\n`)
}
