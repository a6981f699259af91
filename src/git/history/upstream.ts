/** Compares HEAD with its upstream branch, to decide whether a sync has to merge or to push. */
import type { Repository } from '../repository.ts'

/**
 * What the upstream branch has that HEAD lacks. `merges`: only merge commits, and both have the same tree, so nobody wrote anything. Merging them would make one more merge commit
 * with the same content, which the other machines would lack in turn; machines that pull from each other in a ring would never end.
 */
export type UpstreamCommits = 'nothing' | 'merges' | 'commits'

/** What an upstream branch, fetched before, has that HEAD lacks. */
export async function incomingFrom(repository: Repository, upstream: string): Promise<UpstreamCommits> {
  const lacks = async (commit: string, other: string, ...options: string[]): Promise<boolean> =>
    (await repository.git(['rev-list', '--max-count=1', ...options, other, '--not', commit])) !== ''
  if (!(await lacks('HEAD', upstream))) return 'nothing'
  // a fast-forward is always taken, because it makes no commit
  if (!(await lacks(upstream, 'HEAD'))) return 'commits'
  const [ours, theirs] = (await repository.git(['rev-parse', 'HEAD^{tree}', `${upstream}^{tree}`])).split('\n')
  const differ = (await lacks('HEAD', upstream, '--no-merges')) || (await lacks(upstream, 'HEAD', '--no-merges'))
  return ours === theirs && !differ ? 'merges' : 'commits'
}

/** True when HEAD has commits to push; merge commits alone count only if the upstream branch can be fast-forwarded to them. */
export async function hasOutgoing(repository: Repository, upstream: string): Promise<boolean> {
  const count = await repository.git(['rev-list', '--count', 'HEAD', '--not', upstream])
  return count !== '0' && (await incomingFrom(repository, upstream)) !== 'merges'
}
