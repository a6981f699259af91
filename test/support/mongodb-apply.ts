/** A process that applies a large plan to a MongoDB database and is meant to be killed meanwhile: `URI`. Prints `applying`, then `applied`. */
import { openAdapter } from '../../src/adapters/open.ts'
import { bigPlan } from './mongodb-plan.ts'

const adapter = await openAdapter(process.argv[2] ?? '', { connectTimeoutMs: 5000, source: 'app', root: '/' })
process.stdout.write('applying\n')
const { status } = await adapter.apply(bigPlan())
process.stdout.write(`${status}\n`)
await adapter.close()
