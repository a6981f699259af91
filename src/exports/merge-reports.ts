/** Reads merge reports: those that a stretch of history added, and those that wait in this clone for the next data commit. A damaged report is skipped here; `tandem report` names it. */
import { readBlobs } from '../git/objects/blobs.ts'
import type { Repository } from '../git/repository.ts'
import { type TreeEntry, blobIds, filesAt } from '../git/objects/tree.ts'
import { waitingFiles } from '../git/waiting.ts'
import { DamagedError } from '../model/errors.ts'
import { once } from '../model/once.ts'
import { reportOrDamage } from '../report/parse.ts'
import type { MergeReport } from '../report/report.ts'
import type { ExportsPlace } from '../source/source.ts'

/** Two commits. Without `from`, everything that `to` holds is new. */
export interface Stretch {
  readonly from: string | undefined
  readonly to: string
}

/** The reports, of all sources, that `to` has and `from` does not. */
export async function reportsSince(
  { repository, exportsFolder }: Pick<ExportsPlace, 'repository' | 'exportsFolder'>,
  { from, to }: Stretch,
): Promise<MergeReport[]> {
  const folder = `${exportsFolder}/reports`
  const before = from === undefined ? new Map<string, TreeEntry>() : await filesAt(repository, from, folder)
  const files = [...(await filesAt(repository, to, folder))].filter(
    ([file, { mode, id }]) => mode === '100644' && before.get(file)?.id !== id,
  )
  return parsed(repository, blobIds(new Map(files)))
}

/** The reports that wait in this clone for the next data commit. */
export async function waitingReports(repository: Repository): Promise<MergeReport[]> {
  return parsed(repository, blobIds(await waitingFiles(repository)))
}

/** The reports for one run. Each stretch of history is read once, even if it is asked for several times. */
export interface MergeReports {
  since(stretch: Stretch): Promise<readonly MergeReport[]>
  waiting(): Promise<readonly MergeReport[]>
}

/** Opens the reports of a repository; nothing is read before it is asked for. */
export function openMergeReports(place: Pick<ExportsPlace, 'repository' | 'exportsFolder'>): MergeReports {
  const readFrom = once((from: string | undefined) => once((to: string) => reportsSince(place, { from, to })))
  const readWaiting = once(waitingReports)
  return { since: ({ from, to }) => readFrom(from)(to), waiting: () => readWaiting(place.repository) }
}

/** The reports that `head` has and at least one of `bases` does not, and those that wait in this clone for the next data commit. */
export async function reportsBetween(
  reports: MergeReports,
  at: { readonly bases: Iterable<string | undefined>; readonly head: string },
): Promise<MergeReport[]> {
  const came = await Promise.all([...new Set(at.bases)].map((from) => reports.since({ from, to: at.head })))
  return [...came.flat(), ...(await reports.waiting())]
}

async function parsed(repository: Repository, files: ReadonlyMap<string, string>): Promise<MergeReport[]> {
  const reports = [...files].filter(([file]) => file.endsWith('.json'))
  const blobs = await readBlobs(
    repository,
    reports.map(([, id]) => id),
  )
  return reports.flatMap(([file, id]) => {
    const report = reportOrDamage(blobs.get(id)?.toString() ?? '', file)
    return report instanceof DamagedError ? [] : report
  })
}
