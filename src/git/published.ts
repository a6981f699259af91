/** Which commits have been on the upstream branch, now or before somebody forced a push: its reflog remembers. */
import type { Repository } from './repository.ts'

/** Entries of the reflog that are looked at. */
const LOOK_BACK = 200

/** Those of the commits that a state of the upstream branch held. */
export async function oncePublished(repository: Repository, commits: readonly string[]): Promise<string[]> {
  if (commits.length === 0) return []
  const args = ['log', '-g', `--max-count=${LOOK_BACK}`, '--format=%H', '@{upstream}', '--']
  const seen = (await repository.git(args, { answers: [128] })).split('\n').filter(Boolean)
  if (seen.length === 0) return []
  const never = new Set((await repository.git(['rev-list', ...commits, '--not', ...new Set(seen)])).split('\n'))
  return commits.filter((id) => !never.has(id))
}
