/** What the upstream branch has that HEAD lacks, as far as it matters to a sync. */
import type { Repository } from './repository.ts'

/**
 * `merges`: the two differ in nothing but merge commits, and their trees are the same: nothing that a person or a machine wrote. Taking them in would make one more merge commit of the same content, which the
 * others would then lack: machines that pull from each other in a ring would go on for ever.
 */
export type Incoming = 'nothing' | 'merges' | 'news'

/** Compares HEAD with an upstream branch that was just fetched. */
export async function incomingFrom(repository: Repository, upstream: string): Promise<Incoming> {
  const lacks = async (commit: string, other: string, ...options: string[]): Promise<boolean> =>
    (await repository.git(['rev-list', '--max-count=1', ...options, other, '--not', commit])) !== ''
  if (!(await lacks('HEAD', upstream))) return 'nothing'
  // a mere fast-forward is taken: it makes no commit
  if (!(await lacks(upstream, 'HEAD'))) return 'news'
  const [ours, theirs] = (await repository.git(['rev-parse', 'HEAD^{tree}', `${upstream}^{tree}`])).split('\n')
  const differ = (await lacks('HEAD', upstream, '--no-merges')) || (await lacks(upstream, 'HEAD', '--no-merges'))
  return ours === theirs && !differ ? 'merges' : 'news'
}

/** True when HEAD has something to send: a commit, or a merge that the upstream branch can be moved forward to. */
export async function hasOutgoing(repository: Repository, upstream: string): Promise<boolean> {
  const count = await repository.git(['rev-list', '--count', 'HEAD', '--not', upstream])
  return count !== '0' && (await incomingFrom(repository, upstream)) !== 'merges'
}
