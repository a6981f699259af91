/**
 * Data commits that are gone from the branch: somebody forced a push, or reset it. Live keeps what they brought, and the next data commit brings it again; so it does
 * their reports. What had been published is named.
 */
import { commitsOf } from '../git/history/commits.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import { oncePublished } from '../git/history/published.ts'
import type { Repository } from '../git/repository.ts'
import { filesAt } from '../git/objects/tree.ts'
import { addWaiting } from '../git/waiting.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ReconcilePlan } from './plan.ts'

/** A line for each, newest first. */
export async function vanishedLines(
  repository: Repository,
  { outcomes, head }: Pick<ReconcilePlan, 'outcomes' | 'head'>,
): Promise<string[]> {
  const bases = new Set(outcomes.flatMap(({ past }) => (past.kind === 'diverged' ? [past.base] : [])))
  const lines: string[] = []
  for (const base of bases) {
    const lost = (await commitsOf(repository, [base, '--not', head])).filter(({ exportId }) => exportId !== undefined)
    const ids = lost.map(({ id }) => id)
    for (const id of await oncePublished(repository, ids))
      lines.push(
        `data commit ${id.slice(0, 7)} was published and is gone from the branch (a forced push?); the database keeps its data, and the next data commit brings it again`,
      )
  }
  return lines
}

/** Reports that only vanished commits held wait again for the next data commit. */
export async function rescueReports(
  { repository, config }: Workspace,
  { outcomes, head }: Pick<ReconcilePlan, 'outcomes' | 'head'>,
): Promise<void> {
  const folder = `${config.exports}/reports`
  const parted = new Map(outcomes.flatMap(({ past }) => (past.kind === 'diverged' ? [[past.base, past.fork]] : [])))
  for (const [base, fork] of parted) {
    const [before, now] = [await filesAt(repository, fork, folder), await filesAt(repository, head, folder)]
    const lost = [...(await filesAt(repository, base, folder))].filter(
      ([file, { mode }]) => mode === '100644' && !before.has(file) && !now.has(file),
    )
    if (lost.length === 0) continue
    const blobs = await readBlobs(
      repository,
      lost.map(([, { id }]) => id),
    )
    await addWaiting(repository, new Map(lost.map(([file, { id }]) => [file, blobs.get(id) as Buffer])))
  }
}
