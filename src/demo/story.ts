/** The scenes of the demo. Every command in them is one that a person could type. */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { adding } from './database.ts'
import type { Machine } from './machine.ts'
import type { Narrator } from './narrator.ts'
import { PROJECT_FILES, dotenvText } from './project.ts'
import { AFTERWARDS, editsOfFirst, editsOfSecond, firstTraders } from './traders.ts'

/** Who takes part in every scene. */
export interface Cast {
  readonly narrator: Narrator
  readonly first: Machine
  readonly second: Machine
}

/** The first machine has a database with records, sets tandem up and pushes. */
export async function setUpFirst({ narrator, first }: Cast): Promise<void> {
  narrator.scene('The first machine has a database with 190 traders; tandem is set up')
  for (const [file, text] of PROJECT_FILES) await first.write(file, text)
  await first.write('.env', dotenvText(first.database.url))
  await first.database.create()
  await first.database.edit(adding(firstTraders()))
  await first.git('config', 'tandem.asset', first.name)
  await first.git('add', '.')
  await first.git('commit', '--quiet', '-m', 'A trading bot')
  await first.tandem('init')
  await first.git('push')
}

/** The second machine has a clone and a database with an empty table, and sets tandem up, which brings the records in. */
export async function setUpSecond({ narrator, second }: Cast): Promise<void> {
  narrator.scene('The second machine has its own, empty database; it joins')
  await second.git('pull', '--quiet')
  await second.write('.env', dotenvText(second.database.url))
  await second.database.create()
  await second.git('config', 'tandem.asset', second.name)
  await second.tandem('init')
}

/** Both machines' applications edit records before either machine pushes. */
export async function editBoth({ narrator, first, second }: Cast): Promise<void> {
  narrator.scene('Both applications go on writing, each into its own database')
  await first.database.edit(editsOfFirst(Date.now()))
  narrator.say(`\n${first.name}:  3 traders added (ana, ben, chloe), trader50 deleted,`)
  narrator.say('          trader1: profit 1250.50 · trader2: a note · trader3: 2 wins more')
  await pause()
  await second.database.edit(editsOfSecond(Date.now()))
  narrator.say(`${second.name}:  2 traders added (dora, emil),`)
  narrator.say('          trader1: profit 1180.25, a moment later · trader2: ticker RAY · trader3: 1 win more')
}

/** Both machines push and pull code, and with it their records. */
export async function pushAndPull({ narrator, first, second }: Cast): Promise<void> {
  narrator.scene('The first pushes code; its records travel with it')
  await first.write('app.js', "console.log('trading faster')\n")
  await first.git('commit', '--quiet', '-am', 'Trade faster')
  await first.git('push')
  narrator.scene("The second pulls: the first's records are merged into its live database")
  await second.git('pull')
  narrator.scene('The second pushes, the first pulls')
  await second.git('push')
  await first.git('pull')
  await first.git('log', '--oneline')
}

/** Shows the report of the merge, which is a file in the repository. */
export async function showReport({ narrator, first }: Cast): Promise<void> {
  narrator.scene('The merge report, committed in the repository')
  const file = await reportIn(first.folder)
  narrator.command(first.name, `cat ${file}`)
  narrator.output(await readFile(path.join(first.folder, file), 'utf8'))
}

/** Shows that both databases have the same records. Returns false when they do not, or when the number of records is not the expected one. */
export async function compareDatabases({ narrator, first, second }: Cast): Promise<boolean> {
  narrator.scene('Both databases hold the same records')
  await showTraders({ narrator, first, second })
  await first.tandem('verify')
  await second.tandem('verify')
  const [a, b] = [await digestOf(first), await digestOf(second)]
  const records = [await first.database.count(), await second.database.count()]
  const equal = a === b && records.every((count) => count === AFTERWARDS.records)
  narrator.say(`\n${first.name}  ${a}  ${records[0]} records\n${second.name}  ${b}  ${records[1]} records`)
  narrator.say(
    equal ? 'Equal: 190 + 3 + 2 - 1 = 194.' : `DIFFERENT, or not the ${AFTERWARDS.records} records expected.`,
  )
  return equal
}

async function showTraders({ narrator, first, second }: Cast): Promise<void> {
  const names = [...AFTERWARDS.shown.keys()]
  narrator.say('')
  for (const machine of [first, second])
    for (const { username, profit_usd, ticker, wins, note } of await machine.database.find(names))
      narrator.say(`${machine.name}  ${username}  ${profit_usd}  ${ticker.padEnd(4)}  ${wins} wins  ${note ?? ''}`)
  for (const [name, what] of AFTERWARDS.shown) narrator.say(`${name}: ${what}`)
}

async function digestOf(machine: Machine): Promise<string> {
  const verdict = JSON.parse(await machine.ask('verify', '--json')) as {
    sources: { app: { live: { digest: string } } }
  }
  return verdict.sources.app.live.digest
}

/** The path of the newest report in Markdown, relative to the root of the clone. @throws Error when there is none */
async function reportIn(folder: string): Promise<string> {
  const below = await readdir(path.join(folder, 'exports', 'reports'), { recursive: true })
  const newest = below
    .filter((file) => file.endsWith('.md'))
    .sort()
    .at(-1)
  if (newest === undefined) throw new Error('the merge left no report')
  return `exports/reports/${newest.replaceAll(path.sep, '/')}`
}

/** Waits long enough for the second edit to have a later time than the first, whatever the resolution of the clock. */
function pause(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 20))
}
