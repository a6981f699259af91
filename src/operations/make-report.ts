/** The merge report of a reconciliation: built from what the merge decided. `reconcile` stores it where `git clean` cannot take it, and the next data commit carries it. */
import { createHash } from 'node:crypto'
import { openGraph } from '../git/graph.ts'
import type { Decision } from '../model/decision.ts'
import type { Quarantined } from '../model/quarantine.ts'
import { reportJson } from '../report/json.ts'
import { reportMarkdown } from '../report/markdown.ts'
import type { CollectionCounts, MergeReport } from '../report/report.ts'
import { summaryLines } from '../report/summary.ts'
import { differingBuckets, readCommitted, readRecords, type CommittedCollection } from './committed.ts'
import type { Records } from './live.ts'
import { mergeCommits } from './convergence/commit-merge.ts'
import { templateText } from './package-files.ts'
import { junctionsOf, type Junction } from './past.ts'
import type { CollectionOutcome, ReconcilePlan } from './finish-plan.ts'
import { notYetReported } from './reported.ts'
import type { Source } from './source.ts'
import type { Workspace } from './workspace.ts'

export interface StoredReport {
  /** Path of the Markdown from the root; the JSON stands beside it. */
  readonly path: string
  readonly report: MergeReport
  /** For the terminal. */
  readonly lines: readonly string[]
}

type PlannedReport = Omit<ReconcilePlan, 'report'>

/** A report with its files, by path from the root; they are written nowhere yet. */
export interface MadeReport extends StoredReport {
  readonly files: ReadonlyMap<string, Buffer>
}

/** What is to be said of a reconciliation, before it comes to pass: when something was decided, or both sides had changed; undefined when there is nothing to explain. */
export async function makeReport(
  workspace: Workspace,
  source: Source,
  plan: PlannedReport,
): Promise<MadeReport | undefined> {
  const junctions = junctionsMade(plan)
  const [junction] = junctions
  const joined: Joined[] = []
  for (const each of junctions) joined.push(...(await decisionsOf(source, plan, each)))
  const live = plan.outcomes.flatMap((outcome) => outcome.decisions)
  const aside = plan.quarantined.map(quarantineDecision)
  const ofMerges = [
    ...live.filter(isOfMerge),
    ...joined.flatMap((each) => each.decisions).filter((each) => !isRekeyed(each, live)),
  ]
  const range = { from: junction?.fork ?? baseOf(plan), head: plan.head }
  const news = await notYetReported(workspace, ofMerges, range)
  const decisions = [...live.filter((each) => !isOfMerge(each)), ...aside, ...news]
  const bothChanged = joined.some((each) => each.bothChanged)
  if (decisions.length === 0 && !bothChanged) return undefined
  const report = await buildReport(workspace, source, { plan, junction, decisions })
  return withFiles(workspace, report)
}

function quarantineDecision({ collection, key, record }: Quarantined): Decision {
  const nothing = { field: undefined, base: undefined, ours: undefined, chosen: undefined }
  return { collection, key, ...nothing, theirs: record, kind: 'quarantine', rule: 'quarantined' }
}

/** What a merge commit did, which every machine that takes it in finds. */
function isOfMerge({ kind }: Decision): boolean {
  return kind === 'merge-dropped' || kind === 'hand-resolved'
}

/** The merges and rebases by which this clone took other lines in, newest first. */
function junctionsMade(plan: PlannedReport): Junction[] {
  const junctions = plan.outcomes.flatMap(({ past }) => junctionsOf(past)).filter(({ madeHere }) => madeHere)
  return [...new Map(junctions.map((each) => [`${each.merged} ${each.theirs}`, each])).values()]
}

interface Joined {
  readonly decisions: readonly Decision[]
  readonly bothChanged: boolean
}

/** What the merge of the two lines had to decide, computed again from the commits: git's driver leaves no note. */
async function decisionsOf(source: Source, plan: PlannedReport, junction: Junction): Promise<Joined[]> {
  const [fork, ours, theirs, merged] = await Promise.all(
    [junction.fork, junction.ours, junction.theirs, junction.merged].map((commit) => readCommitted(source, commit)),
  )
  const joined: Joined[] = []
  const pair = { ...junction, graph: openGraph(source.repository) }
  for (const { name } of plan.outcomes) {
    const base = fork?.get(name)
    if (!differ(base, ours?.get(name)) || !differ(base, theirs?.get(name))) continue
    // a line that had merged the other before is what came out: nothing new was put together here
    const combined = differ(merged?.get(name), ours?.get(name)) && differ(merged?.get(name), theirs?.get(name))
    joined.push({ decisions: (await mergeCommits(source, name, pair)).decisions, bothChanged: combined })
  }
  return joined
}

/** True when the exports of a collection differ between two commits. */
function differ(a: CommittedCollection | undefined, b: CommittedCollection | undefined): boolean {
  return differingBuckets(a, b)?.size !== 0
}

/** A collision that live has settled by a new number is told once, with that number. */
function isRekeyed(decision: Decision, live: readonly Decision[]): boolean {
  if (decision.kind !== 'key-collision') return false
  return live.some(
    ({ kind, collection, key }) => kind === decision.kind && collection === decision.collection && key === decision.key,
  )
}

async function buildReport(
  workspace: Workspace,
  source: Source,
  found: {
    readonly plan: PlannedReport
    readonly junction: Junction | undefined
    readonly decisions: readonly Decision[]
  },
): Promise<MergeReport> {
  const { plan, junction, decisions } = found
  const theirs = junction?.theirs ?? plan.head
  const committed = await readCommitted(source, theirs)
  const collections: Record<string, CollectionCounts> = {}
  for (const outcome of plan.outcomes) {
    const records = await readRecords(source, committed.get(outcome.name))
    collections[outcome.name] = countsOf(outcome, records, decisions)
  }
  return {
    version: 1,
    source: source.source,
    database: source.description.database,
    asset: workspace.asset,
    time: new Date(workspace.invocation.nowMs()).toISOString(),
    base: junction?.fork ?? baseOf(plan),
    ours: junction?.ours ?? 'live',
    theirs,
    status: plan.holds.size > 0 ? 'HELD' : 'SUCCESS',
    collections,
    held: [...plan.holds].map(([collection, reason]) => ({ collection, reason })),
    decisions,
  }
}

function baseOf(plan: PlannedReport): string | undefined {
  for (const { past } of plan.outcomes) if ('base' in past) return past.base
  return undefined
}

function isCollision({ kind }: Decision): boolean {
  return kind === 'key-collision'
}

function countsOf(outcome: CollectionOutcome, theirs: Records, decisions: readonly Decision[]): CollectionCounts {
  const { before, changes } = outcome
  const common = [...theirs.keys()].filter((key) => before.has(key)).length
  const added = changes.filter((change) => change.before === undefined).length
  const removed = changes.filter((change) => change.after === undefined).length
  const after = before.size + added - removed
  const decided = decisions.filter(({ collection }) => collection === outcome.name)
  // one number, two records: each side has one that the other lacks
  const collided = new Set(
    decided.filter((each) => isCollision(each) && before.has(each.key) && theirs.has(each.key)).map(({ key }) => key),
  ).size
  const conflicts = new Set(decided.map(({ key }) => key)).size
  return {
    oursOnly: before.size - common + collided,
    theirsOnly: theirs.size - common + collided,
    common: common - collided,
    changed: changes.length,
    conflicts,
    result: after,
    before: before.size,
    after,
  }
}

/** Two machines may report on one commit in one second: the name must differ, or git would refuse the other's pull. */
async function withFiles(workspace: Workspace, report: MergeReport): Promise<MadeReport> {
  const id = createHash('sha256').update(workspace.invocation.newId()).digest('hex').slice(0, 7)
  const stamp = report.time.replace(/[-:]|\.\d+/g, '')
  const folder = `${workspace.config.exports}/reports/${report.time.slice(0, 7)}`
  const path = `${folder}/${stamp}-${report.source}-${id}`
  const markdown = reportMarkdown(report, { template: await templateText('report.md') })
  const files = new Map([
    [`${path}.md`, Buffer.from(markdown)],
    [`${path}.json`, Buffer.from(reportJson(report))],
  ])
  return { path: `${path}.md`, report, lines: [...summaryLines(report), `report: ${path}.md`], files }
}
