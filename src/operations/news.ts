/** The merge reports that came in over a stretch of history, and those that wait here for the next data commit. One that cannot be read has said nothing: `tandem report` tells of it. */
import { readBlobs } from '../git/objects.ts'
import type { Repository } from '../git/repository.ts'
import { blobIds, filesAt } from '../git/tree.ts'
import { waitingFiles } from '../git/waiting.ts'
import { DamagedError } from '../model/errors.ts'
import { once } from '../model/once.ts'
import { parseReport } from '../report/parse.ts'
import type { MergeReport } from '../report/report.ts'
import type { ExportsPlace } from './committed.ts'

/** Commits; without `from`, everything that `to` holds is new. */
export interface Stretch {
  readonly from: string | undefined
  readonly to: string
}

/** Reports of every source that `to` has and `from` has not. */
export async function reportsSince(
  { repository, exportsFolder }: Pick<ExportsPlace, 'repository' | 'exportsFolder'>,
  { from, to }: Stretch,
): Promise<MergeReport[]> {
  const folder = `${exportsFolder}/reports`
  if (from === undefined) {
    const files = [...(await filesAt(repository, to, folder))].filter(([, { mode }]) => mode === '100644')
    return parsed(repository, blobIds(new Map(files)))
  }
  const listing = await repository.git(['diff-tree', '-r', '-z', '--no-renames', from, to, '--', folder])
  // ":100644 100644 <old id> <new id> M\0path\0"
  const added = listing.matchAll(/:\d+ 100644 [0-9a-f]+ ([0-9a-f]+) [AM]\0([^\0]*)\0/g)
  return parsed(repository, new Map([...added].map(([, id, file]) => [file as string, id as string])))
}

export async function waitingReports(repository: Repository): Promise<MergeReport[]> {
  return parsed(repository, blobIds(await waitingFiles(repository)))
}

/** The reports of one run: each stretch of history is read once, whoever asks. */
export interface News {
  since(stretch: Stretch): Promise<readonly MergeReport[]>
  waiting(): Promise<readonly MergeReport[]>
}

export function openNews(place: Pick<ExportsPlace, 'repository' | 'exportsFolder'>): News {
  const readFrom = once((from: string | undefined) => once((to: string) => reportsSince(place, { from, to })))
  const readWaiting = once(waitingReports)
  return { since: ({ from, to }) => readFrom(from)(to), waiting: () => readWaiting(place.repository) }
}

/** What came in since any of these commits, and this machine's own that no commit carries yet. */
export async function allNews(
  news: News,
  at: { readonly bases: Iterable<string | undefined>; readonly head: string },
): Promise<MergeReport[]> {
  const came = await Promise.all([...new Set(at.bases)].map((from) => news.since({ from, to: at.head })))
  return [...came.flat(), ...(await news.waiting())]
}

async function parsed(repository: Repository, files: ReadonlyMap<string, string>): Promise<MergeReport[]> {
  const reports = [...files].filter(([file]) => file.endsWith('.json'))
  const blobs = await readBlobs(
    repository,
    reports.map(([, id]) => id),
  )
  return reports.flatMap(([file, id]) => {
    try {
      return parseReport(blobs.get(id)?.toString() ?? '', file)
    } catch (error) {
      if (error instanceof DamagedError) return []
      throw error
    }
  })
}
