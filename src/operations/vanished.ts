/** Data commits that were published and are gone from the branch: somebody forced a push. Live keeps what they brought, and the next data commit brings it again; people are told. */
import { commitsOf } from '../git/history.ts'
import { oncePublished } from '../git/published.ts'
import type { Repository } from '../git/repository.ts'
import type { ReconcilePlan } from './plan-reconcile.ts'

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
