/**
 * What a pull of 1,000 changed records, 30 of them changed on both sides, spends on history in a repository of 2,000 commits: the merge of the two lines as git's merge driver
 * asks for it, and then the merge into live, which looks into the merge commit. Baseline: the same two merges over a base, reading the same files and no history.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { collectionFileText } from '../src/format/collection-file.ts'
import { headerOf } from '../src/format/header.ts'
import { bucketOf } from '../src/format/layout.ts'
import { recordsFileText } from '../src/format/records-file.ts'
import { buildTree, commitTree } from '../src/git/data-commit.ts'
import { openGraph, unrecorded } from '../src/git/history/graph.ts'
import { dataTrailers } from '../src/git/history/trailers.ts'
import { openRepository, type Repository } from '../src/git/repository.ts'
import { mergeCollection } from '../src/merge/collection.ts'
import type { KeyText, RecordText } from '../src/model/canonical.ts'
import type { CollectionSchema, Layout } from '../src/model/collection.ts'
import { differingBuckets, readCommitted, readRecords } from '../src/exports/committed.ts'
import { mergeCommits } from '../src/history/commit-merge.ts'
import { openCollectionHistory } from '../src/history/collection-history.ts'
import { divide } from '../src/history/divide.ts'
import { survey } from '../src/history/survey.ts'
import { plainRules } from '../src/conflicts/three-way.ts'
import { compare, timed, type BenchmarkOptions, type Measured } from './measured.ts'

const COMMITS = 2_000
const CHANGED = 1_000
const BOTH = 30
const LINE_COMMITS = 20
const RUNS = 7

const schema: CollectionSchema = {
  name: 'trades',
  fields: ['amount', 'id', 'note', 'updated_at'].map((name) => ({ name, type: 'text' })),
  key: ['id'],
  uniques: [],
  references: [],
  order: 'sorted',
}
const rules = { ...plainRules({ ...schema, collection: 'trades' }), newest: 'updated_at' }

type Records = Map<KeyText, RecordText>

/** Measures with `rows` records in the collection (default 25,600). */
export async function history({ rows = 25_600 }: BenchmarkOptions): Promise<Measured> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-history-'))
  try {
    const made = await makeRepository(folder, rows)
    const measured = await compare(CHANGED, {
      runs: RUNS,
      work: () => timed(() => withHistory(made)),
      baseline: () => timed(() => withoutHistory(made)),
    })
    const { seconds, baselineSeconds } = measured
    return {
      ...measured,
      notes: [
        `${rows} records, ${COMMITS} commits, ${CHANGED} records changed by theirs, ${BOTH} of them by ours too`,
        `spent on history: ${Math.round((seconds - baselineSeconds) * 1000)} ms (goal: under 300 ms)`,
      ],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Made {
  readonly repository: Repository
  readonly base: string
  readonly ours: string
  readonly theirs: string
  readonly merge: string
  readonly live: Records
}

const place = (repository: Repository): { repository: Repository; exportsFolder: string; source: string } => ({
  repository,
  exportsFolder: 'exports',
  source: 'app',
})

async function withHistory({ repository, ours, theirs, merge, live }: Made): Promise<void> {
  const collection = { ...place(repository), rules: () => rules, folder: () => 'exports/app/trades' }
  const driver = await mergeCommits(collection, 'trades', { ours, theirs })
  if (driver.decisions.length < BOTH) throw new Error(`only ${driver.decisions.length} decisions`)
  const graph = openGraph(repository)
  const id = `live:${ours}`
  graph.add(unrecorded({ id, parents: [ours], committedAt: Date.now(), asset: 'a' }))
  const source = { ...place(repository), collection: 'trades', folder: 'exports/app/trades', graph }
  const opened = openCollectionHistory({ ...source, live: { id, records: live, isMeant: true } })
  await divide({ history: opened, rules, survey: await survey(opened, id, merge), wrote: new Set() })
}

async function withoutHistory({ repository, base, ours, theirs, merge }: Made): Promise<void> {
  await threeWay(repository, [base, ours, theirs])
  await threeWay(repository, [ours, ours, merge])
}

async function threeWay(repository: Repository, commits: readonly [string, string, string]): Promise<void> {
  const [base, ours, theirs] = await Promise.all(
    commits.map(async (commit) => (await readCommitted(place(repository), commit)).get('trades')),
  )
  const buckets = differingBuckets(base, theirs) ?? []
  const sides = await Promise.all([base, ours, theirs].map((side) => readRecords(place(repository), side, buckets)))
  const [before, mine, other] = sides as [Records, Records, Records]
  const stamp = { asset: '', since: 0, at: 1 }
  mergeCollection({
    base: before,
    ours: mine,
    theirs: other,
    rules,
    stampsOf: () => ({ ours: stamp, theirs: stamp }),
  })
}

async function makeRepository(folder: string, rows: number): Promise<Made> {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder }).toString().trim()
  git('init', '-q', '-b', 'main')
  git('config', 'user.name', 'bench')
  git('config', 'user.email', 'bench@example.org')
  git('config', 'gc.auto', '0')
  const repository = await openRepository(folder, process.env)
  const line = startLine(repository, rows)
  await line.commit([])
  // the long past: nothing of it may be read, so its commits need no trailers, and git writes them in one go
  importPast(repository, COMMITS - 2 * LINE_COMMITS - 2)
  line.moveTo(git('rev-parse', 'refs/heads/past'))
  const base = await line.commit([1])
  const fork = new Map(line.records)
  const step = Math.floor(rows / CHANGED)
  for (let i = 0; i < LINE_COMMITS; i++) {
    const keys = Array.from({ length: CHANGED / LINE_COMMITS }, (_, k) => (i * (CHANGED / LINE_COMMITS) + k) * step)
    await line.commit(keys)
  }
  const theirs = line.head()
  const own = startLine(repository, rows, { head: base, records: fork })
  for (let i = 0; i < LINE_COMMITS; i++)
    await own.commit([i, i + LINE_COMMITS].filter((k) => k < BOTH).map((k) => k * step))
  const ours = own.head()
  git('repack', '-adq')
  const merge = await mergeOf(repository, { ours, theirs, fork })
  return { repository, base, ours, theirs, merge, live: own.records }
}

/** The merge commit that a pull makes. */
async function mergeOf(
  repository: Repository,
  at: { readonly ours: string; readonly theirs: string; readonly fork: Records },
): Promise<string> {
  const collection = { ...place(repository), rules: () => rules, folder: () => 'exports/app/trades' }
  const { merged } = await mergeCommits(collection, 'trades', at)
  const { tree } = await buildTree(repository, at.ours, filesOf(merged, at.fork.size))
  return commitTree(repository, tree, { parents: [at.ours, at.theirs], message: 'merge\n' })
}

/** A line of commits on HEAD's first, each changing a file of the code. */
function importPast(repository: Repository, commits: number): void {
  const root = execFileSync('git', ['rev-parse', 'refs/heads/main'], { cwd: repository.root }).toString().trim()
  let stream = `reset refs/heads/past\nfrom ${root}\n\n`
  for (let i = 0; i < commits; i++) {
    const text = `code ${i}\n`
    stream += `commit refs/heads/past\ncommitter bench <bench@example.org> ${1_767_225_600 + i} +0000\ndata 1\nc\n`
    stream += `M 100644 inline code.txt\ndata ${text.length}\n${text}\n`
  }
  execFileSync('git', ['fast-import', '--quiet'], { cwd: repository.root, input: stream })
}

interface Line {
  readonly records: Records
  head(): string
  /** Goes on from another commit with the same exports. */
  moveTo(commit: string): void
  /** Changes these records, as one data commit. */
  commit(keys: readonly number[]): Promise<string>
}

function startLine(repository: Repository, rows: number, from?: { head: string; records: Records }): Line {
  const records: Records = new Map(from?.records)
  let head = from?.head ?? ''
  let clock = Date.parse('2026-01-01T00:00:00Z') + (from === undefined ? 0 : COMMITS * 1000)
  if (from === undefined) for (let i = 0; i < rows; i++) records.set(`[${i}]`, record(i, 0))
  return {
    records,
    head: () => head,
    moveTo: (commit) => {
      head = commit
    },
    commit: async (keys) => {
      const before = clock
      clock += 1000
      for (const key of keys) records.set(`[${key}]`, record(key, clock))
      const files = head === '' ? filesOf(records, rows) : filesOf(records, rows, keys)
      const empty = execFileSync('git', ['hash-object', '-t', 'tree', '-w', '/dev/null'], { cwd: repository.root })
      const { tree } = await buildTree(repository, head === '' ? empty.toString().trim() : head, files)
      const trailers = dataTrailers({
        exportId: `${clock}`,
        asset: 'a',
        clock: { since: before, nowMs: clock },
        parent: head,
        names: { held: [], accepted: [], uniques: [] },
      })
      const message = ['data', '', ...trailers, ''].join('\n')
      const isFirst = head === ''
      head = await commitTree(repository, tree, { parents: isFirst ? [] : [head], message })
      if (isFirst) execFileSync('git', ['update-ref', 'refs/heads/main', head], { cwd: repository.root })
      return head
    },
  }
}

function record(id: number, clock: number): RecordText {
  const time = new Date(Date.parse('2026-01-01T00:00:00Z') + (clock % 1_000_000_000)).toISOString()
  return `{"amount":"${clock % 977}.25","id":${id},"note":"a trade of record ${id}, with some words to it","updated_at":"${time}"}`
}

/** The files of the collection: all, or those that hold some of the records. */
function filesOf(records: Records, rows: number, keys?: readonly number[]): Map<string, Buffer> {
  const layout: Layout = { kind: 'hash', bits: Math.max(1, Math.round(Math.log2(rows / 64))) }
  const file = { source: 'app', schema, layout }
  const wanted = keys === undefined ? undefined : new Set(keys.map((key) => bucketOf(`[${key}]`, layout)))
  const buckets = new Map<string, Records>()
  for (const [key, text] of records) {
    const bucket = bucketOf(key, layout)
    if (wanted !== undefined && !wanted.has(bucket)) continue
    const held = buckets.get(bucket) ?? new Map<KeyText, RecordText>()
    buckets.set(bucket, held.set(key, text))
  }
  const files = new Map<string, Buffer>()
  if (keys === undefined) files.set('exports/app/trades/collection.json', Buffer.from(collectionFileText(file)))
  for (const [bucket, held] of buckets)
    files.set(`exports/app/trades/${bucket}.jsonl`, Buffer.from(recordsFileText(headerOf(file, bucket), held)))
  return files
}
