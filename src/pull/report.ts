/** The merge report of a reconciliation: built from what the merge decided. `reconcile` stores it where `git clean` cannot take it, and the next data commit carries it. */
import { createHash } from 'node:crypto'
import {
  type Committed,
  type CommittedCollection,
  differingBuckets,
  readCommitted,
  readRecords,
} from '../exports/committed.ts'
import { PartRecords } from '../exports/part-records.ts'
import { reportsSince, waitingReports } from '../exports/merge-reports.ts'
import { type CommitGraph, openGraph } from '../git/history/graph.ts'
import { decisionsOfMerge } from '../history/commit-merge.ts'
import { templateText } from '../io/package-files.ts'
import type { Decision } from '../model/decision.ts'
import { once } from '../model/once.ts'
import type { Quarantined } from '../model/quarantine.ts'
import type { Records } from '../model/records.ts'
import { reportJson } from '../report/json.ts'
import { reportMarkdown } from '../report/markdown.ts'
import { type CollectionCounts, type MergeReport, unplacedIn } from '../report/report.ts'
import { summaryLines } from '../report/summary.ts'
import type { Source } from '../source/source.ts'
import { type Junction, junctionsOf } from '../sync-point/past.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { CollectionOutcome, ReconcilePlan, StoredReport } from './plan.ts'

type PlannedReport = Omit<ReconcilePlan, 'report'>

/** A report with its files, by path from the root; they are written nowhere yet. */
export interface MadeReport extends StoredReport {
  readonly files: ReadonlyMap<string, Buffer>
}

/** What the merges of a source's junctions had to decide: looked up once for what one preparation found, however often a plan is made of it. */
export type JoinedAt = (collection: string, junction: Junction) => Promise<Joined | undefined>

export function openJoined(source: Source): JoinedAt {
  const graph = openGraph(source.repository)
  const committedAt = once((commit: string) => readCommitted(source, commit))
  const joinedOf = once((name: string) =>
    once((junction: Junction) => joinedAt({ source, graph, committedAt }, name, junction)),
  )
  return (collection, junction) => joinedOf(collection)(junction)
}

/** What is to be said of a reconciliation, before it comes to pass: when something was decided, or both sides had changed; undefined when there is nothing to explain. */
export async function makeReport(
  workspace: Workspace,
  source: Source,
  found: { readonly plan: PlannedReport; readonly joinedAt: JoinedAt },
): Promise<MadeReport | undefined> {
  const { plan } = found
  const junctions = junctionsMade(plan)
  const [junction] = junctions
  const joined: Joined[] = []
  for (const each of junctions)
    for (const { name } of plan.outcomes) {
      const made = await found.joinedAt(name, each)
      if (made !== undefined) joined.push(made)
    }
  const live = plan.outcomes.flatMap((outcome) => outcome.decisions)
  const aside = plan.quarantined.map(quarantineDecision)
  const ofMerges = [
    ...live.filter(isOfMerge),
    ...joined.flatMap((each) => each.decisions).filter((each) => !isRekeyed(each, live)),
  ]
  const range = { from: junction?.fork ?? baseOf(plan), head: plan.head }
  const unreported = await notYetReported(workspace, ofMerges, range)
  const decisions = [...live.filter((each) => !isOfMerge(each)), ...aside, ...unreported]
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

/** What the merge of the two lines had to decide, computed again from the commits: git's driver leaves no note. undefined: only one line changed the collection. */
async function joinedAt(
  place: {
    readonly source: Source
    readonly graph: CommitGraph
    readonly committedAt: (commit: string) => Promise<Committed>
  },
  name: string,
  junction: Junction,
): Promise<Joined | undefined> {
  const { source, graph, committedAt } = place
  const at = async (commit: string): Promise<CommittedCollection | undefined> => (await committedAt(commit)).get(name)
  const [fork, ours, theirs] = [await at(junction.fork), await at(junction.ours), await at(junction.theirs)]
  if (!differ(fork, ours) || !differ(fork, theirs)) return undefined
  // a line that had merged the other before is what came out: nothing new was put together here
  const merged = await at(junction.merged)
  const bothChanged = differ(merged, ours) && differ(merged, theirs)
  return { decisions: await decisionsOfMerge(source, name, { ...junction, graph }), bothChanged }
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
    collections[outcome.name] = countsOf(
      outcome,
      await compared(source, outcome, committed.get(outcome.name)),
      decisions,
    )
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
    status: plan.holds.size > 0 ? 'HELD' : unplacedIn(decisions) > 0 ? 'PARTIAL' : 'SUCCESS',
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

/** Both sides' records; where live was read in part, only those of files that differ, and the number of all others, which are alike. */
interface ComparedSides {
  readonly ours: Records
  readonly theirs: Records
  readonly alike: number
}

async function compared(
  source: Source,
  { before }: CollectionOutcome,
  theirs: CommittedCollection | undefined,
): Promise<ComparedSides> {
  if (!(before instanceof PartRecords)) return { ours: before, theirs: await readRecords(source, theirs), alike: 0 }
  await before.coverDifferences(theirs)
  const { known, buckets, size } = before
  return { ours: known, theirs: await readRecords(source, theirs, buckets), alike: size - known.size }
}

function countsOf(outcome: CollectionOutcome, sides: ComparedSides, decisions: readonly Decision[]): CollectionCounts {
  const { before, changes } = outcome
  const { ours, theirs, alike } = sides
  const common = alike + [...theirs.keys()].filter((key) => ours.has(key)).length
  const added = changes.filter((change) => change.before === undefined).length
  const removed = changes.filter((change) => change.after === undefined).length
  const after = before.size + added - removed
  const decided = decisions.filter(({ collection }) => collection === outcome.name)
  // one number, two records: each side has one that the other lacks
  const collided = new Set(
    decided.filter((each) => isCollision(each) && ours.has(each.key) && theirs.has(each.key)).map(({ key }) => key),
  ).size
  const conflicts = new Set(decided.map(({ key }) => key)).size
  return {
    oursOnly: before.size - common + collided,
    theirsOnly: alike + theirs.size - common + collided,
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

/** Leaves out what the reports say that came between `from` and `head`, or that wait here. */
export async function notYetReported(
  workspace: Workspace,
  decisions: readonly Decision[],
  range: { readonly from: string | undefined; readonly head: string },
): Promise<readonly Decision[]> {
  const { from, head } = range
  if (decisions.length === 0 || from === undefined) return decisions
  const { repository, config } = workspace
  const came = await reportsSince({ repository, exportsFolder: config.exports }, { from, to: head })
  const reports = [...came, ...(await waitingReports(repository))]
  const said = new Set(reports.flatMap((report) => report.decisions.map(identityOf)))
  return decisions.filter((decision) => !said.has(identityOf(decision)))
}

/** The same whichever side was ours. */
function identityOf({ collection, key, field, kind, ours, theirs, chosen }: Decision): string {
  const sides = [ours ?? '', theirs ?? ''].toSorted()
  return JSON.stringify([collection, key, field, kind, sides, chosen])
}
