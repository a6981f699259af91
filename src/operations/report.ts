/** The merge reports of this repository: those in HEAD and those that wait for the next data commit. Read from git's objects, never from the work tree, and checked. */
import path from 'node:path'
import { readHead } from '../git/head.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import { type TreeEntry, filesAt } from '../git/objects/tree.ts'
import { waitingFiles } from '../git/waiting.ts'
import { templateText } from '../io/package-files.ts'
import { compareBytes } from '../model/canonical.ts'
import { DamagedError, UsageError } from '../model/errors.ts'
import { reportMarkdown } from '../report/markdown.ts'
import { reportOrDamage } from '../report/parse.ts'
import type { MergeReport } from '../report/report.ts'
import type { Only } from '../source/only.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface ListedReport {
  /** File name without its ending: `20240115T103045Z-app-1a2b3c4`. */
  readonly name: string
  /** Path of the JSON from the root. */
  readonly path: string
  /** True: not in a commit yet. */
  readonly waiting: boolean
  /** The report, or why it cannot be read. */
  readonly content: MergeReport | DamagedError
}

/** One report as it is shown. */
export interface ShownReport extends ListedReport {
  readonly content: MergeReport
  readonly markdown: string
}

interface ReportFile {
  readonly path: string
  readonly entry: TreeEntry
  readonly waiting: boolean
}

/** Every report, newest first; those that cannot be read come last. `only` keeps the reports of a source, or those that tell of its collection. */
export async function listReports(workspace: Workspace, only: Only | undefined): Promise<readonly ListedReport[]> {
  const files = [...(await reportFiles(workspace)).values()].filter((file) => file.path.endsWith('.json'))
  const readable = files.filter(({ entry }) => entry.mode === PLAIN)
  const blobs = await readBlobs(
    workspace.repository,
    readable.map(({ entry }) => entry.id),
  )
  const reports = files.map((file) => ({ ...named(file), content: parsed(file, blobs.get(file.entry.id)) }))
  return reports.filter(({ content }) => concerns(content, only)).sort(newestFirst)
}

const PLAIN = '100644'

/** Path → file, of Markdown and JSON; a waiting file stands for the committed one of the same path. */
async function reportFiles(workspace: Workspace): Promise<ReadonlyMap<string, ReportFile>> {
  const { repository, config } = workspace
  const folder = `${config.exports}/reports`
  const { commit } = await readHead(repository)
  const files = new Map<string, ReportFile>()
  const committed = commit === undefined ? [] : await filesAt(repository, commit, folder)
  for (const [file, entry] of committed) files.set(file, { path: file, entry, waiting: false })
  for (const [file, entry] of await waitingFiles(repository))
    if (file.startsWith(`${folder}/`)) files.set(file, { path: file, entry, waiting: true })
  return files
}

function named({ path: file, waiting }: ReportFile): Pick<ListedReport, 'name' | 'path' | 'waiting'> {
  return { name: path.posix.basename(file, '.json'), path: file, waiting }
}

function parsed({ path: file, entry }: ReportFile, bytes: Buffer | undefined): MergeReport | DamagedError {
  if (bytes === undefined) return new DamagedError({ path: file }, `git mode ${entry.mode}: not a plain file`)
  return reportOrDamage(bytes.toString(), file)
}

function concerns(content: ListedReport['content'], only: Only | undefined): boolean {
  if (only === undefined || content instanceof DamagedError) return true
  if (content.source !== only.source) return false
  return only.collection === undefined || Object.hasOwn(content.collections, only.collection)
}

function newestFirst(a: ListedReport, b: ListedReport): number {
  const time = (each: ListedReport): string => (each.content instanceof DamagedError ? '' : each.content.time)
  return compareBytes(time(b), time(a)) || compareBytes(b.name, a.name)
}

/**
 * The report with a name (or its unambiguous beginning, or its path), or the newest one.
 * @throws UsageError when there is none, or several begin so; DamagedError when it cannot be read
 */
export async function readReport(workspace: Workspace, wanted: string, only: Only | undefined): Promise<ShownReport> {
  const chosen = choose(await listReports(workspace, only), wanted)
  const { content } = chosen
  if (content instanceof DamagedError) throw content
  return { ...chosen, content, markdown: await markdownOf(workspace, chosen.path, content) }
}

function choose(reports: readonly ListedReport[], wanted: string): ListedReport {
  const [newest] = reports
  if (newest === undefined)
    throw new UsageError('there is no merge report', {
      hint: 'One is written when both sides had changed the same collection.',
    })
  if (wanted === 'latest') return newest
  const name = path.posix.basename(wanted).replace(/\.(md|json)$/, '')
  const exact = reports.find((report) => report.name === name)
  const fitting = exact === undefined ? reports.filter((report) => report.name.startsWith(name)) : [exact]
  const [only, another] = fitting
  if (only !== undefined && another === undefined) return only
  throw new UsageError(only === undefined ? `no report is called ${wanted}` : `several reports begin with ${wanted}`, {
    hint: 'tandem report list names them all.',
  })
}

/** The Markdown as it was written; made anew from the JSON where it is not there. */
async function markdownOf(workspace: Workspace, file: string, report: MergeReport): Promise<string> {
  const beside = (await reportFiles(workspace)).get(file.replace(/\.json$/, '.md'))
  if (beside?.entry.mode === PLAIN)
    return (await workspace.repository.bytes(['cat-file', 'blob', beside.entry.id])).toString()
  return reportMarkdown(report, { template: await templateText('report.md') })
}
