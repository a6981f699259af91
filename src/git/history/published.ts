/** Finds out which commits have ever been on the upstream branch, also before a forced push, by the reflog of its tracking branch. */
import type { Repository } from '../repository.ts'

/** Number of reflog entries that are looked at. */
const LOOK_BACK = 200

/** Those of the commits that were on the upstream branch at some time. */
export async function oncePublished(repository: Repository, commits: readonly string[]): Promise<string[]> {
  if (commits.length === 0) return []
  const args = ['log', '-g', `--max-count=${LOOK_BACK}`, '--format=%H', '@{upstream}', '--']
  const seen = (await repository.git(args, { answers: [128] })).split('\n').filter(Boolean)
  if (seen.length === 0) return []
  const never = new Set((await repository.git(['rev-list', ...commits, '--not', ...new Set(seen)])).split('\n'))
  return commits.filter((id) => !never.has(id))
}
