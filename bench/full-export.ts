/** What the first export of a table costs: only planned, with its files written and staged, and as a data commit. */
import stringify from 'fast-json-stable-stringify'
import { BSON, MongoClient } from 'mongodb'
import { openRemote, type Machine, type Remote } from './machines.ts'
import { TABLE } from './engines/engine.ts'
import { compare, DEFAULT_ROWS, timed, type BenchmarkOptions, type Measured } from './measured.ts'
import type { Workbench } from './workbench.ts'

/** Everything is read, put into its files and compared, in memory: a dry run. Baseline: all rows read. */
export async function exportInMemory(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { rows = DEFAULT_ROWS } = options
  const remote = await openRemote(options, workbench)
  const { read } = remote.engine
  const machine = await neverExported(remote, rows)
  const measured = await compare(rows, {
    runs: options.runs,
    work: () => machine.tandem('export', '--dry-run'),
    baseline: () => read.run(machine.database),
  })
  return { ...measured, notes: [`${rows} records, no file written (--dry-run); baseline: ${read.words}`] }
}

/** The files are written and staged. Baseline: all rows read. */
export function exportFiles(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const way = {
    args: ['export'],
    names: ['diff', '--cached', '--name-only'],
    baseline: 'read',
    words: 'staged',
  } as const
  return firstExport(options, workbench, way)
}

/** The first data commit. Baseline: a dump. */
export function exportCommit(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const names = ['diff', '--name-only', 'HEAD^', 'HEAD']
  const way = { args: ['export', '--commit'], names, baseline: 'dump', words: 'committed' } as const
  return firstExport(options, workbench, way)
}

interface FirstExport {
  /** The program's arguments. */
  readonly args: readonly string[]
  /** git's, to name the files that were exported. */
  readonly names: readonly string[]
  readonly baseline: 'read' | 'dump'
  /** What the files are then. */
  readonly words: string
}

async function firstExport(options: BenchmarkOptions, workbench: Workbench, way: FirstExport): Promise<Measured> {
  const { rows = DEFAULT_ROWS } = options
  const remote = await openRemote(options, workbench)
  const baseline = remote.engine[way.baseline]
  let machine: Machine
  let files = 0
  const measured = await compare(rows, {
    runs: options.runs,
    before: async () => {
      machine = await neverExported(remote, rows)
    },
    work: () => machine.tandem(...way.args),
    after: async () => {
      files = await filesIn(machine, way.names)
    },
    baseline: () => baseline.run(machine.database),
  })
  return { ...measured, notes: [`${rows} records in ${files} files, ${way.words}; baseline: ${baseline.words}`] }
}

/** MongoDB's documents to canonical text. Baseline: the obvious way, by the driver's objects. */
export async function mongoExport(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { rows = DEFAULT_ROWS } = options
  const machine = await neverExported(await openRemote({ ...options, engine: 'mongodb' }, workbench), rows)
  const measured = await compare(rows, {
    runs: options.runs,
    work: () => machine.tandem('export', '--dry-run'),
    baseline: () => timed(() => stringifyAll(machine.database.url)),
  })
  return { ...measured, notes: [`${rows} documents, no file written; baseline: find, EJSON, stable stringify`] }
}

async function stringifyAll(url: string): Promise<number> {
  const client = new MongoClient(url)
  try {
    let size = 0
    for await (const document of client.db().collection(TABLE).find({}, { promoteValues: false }))
      size += stringify(BSON.EJSON.serialize(document, { relaxed: false })).length
    return size
  } finally {
    await client.close()
  }
}

/** A clone that is set up and has records, and exported none of them. A new one for each run: what an export leaves in git and in the database makes the next one cheaper. */
async function neverExported(remote: Remote, rows: number): Promise<Machine> {
  const machine = await remote.clone()
  await machine.database.fill(rows)
  await machine.tandem('init', '--yes')
  return machine
}

/** How many records files git names. @throws Error when there are none */
async function filesIn(machine: Machine, names: readonly string[]): Promise<number> {
  const { text } = await machine.git(...names, '--', 'exports/app')
  const files = text.split('\n').filter((name) => name.endsWith('.jsonl')).length
  if (files === 0) throw new Error('nothing was exported')
  return files
}
