/** Shallow clones: whether all commits that a merge looks at are in this clone, and fetching more of them. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Repository } from '../repository.ts'

/** By how many commits each attempt deepens the clone. */
const DEPTHS = [50, 500, 5000]

/**
 * True when every ancestor that only one of the two commits has is in this clone, with its parents. In a shallow clone that is cut off earlier, more is fetched first; false when
 * that does not help or the remote does not answer.
 */
export async function isWhole(repository: Repository, a: string, b: string): Promise<boolean> {
  if (await isWholeHere(repository, a, b)) return true
  for (const depth of DEPTHS) {
    if (!(await deepen(repository, depth))) return false
    if (await isWholeHere(repository, a, b)) return true
  }
  return false
}

async function isWholeHere(repository: Repository, a: string, b: string): Promise<boolean> {
  const cut = new Set((await readFile(path.join(repository.commonDir, 'shallow'), 'utf8').catch(() => '')).split('\n'))
  if (cut.size === 1) return true
  // a...b lists the commits that only one of the two has; without a common ancestor, all of both
  const listing = await repository.git(['rev-list', `${a}...${b}`])
  return !listing.split('\n').some((id) => id !== '' && cut.has(id))
}

/** Fetches more commits; false when there is no remote or it did not answer. With `--refmap=` no tracking branch moves. */
async function deepen(repository: Repository, depth: number): Promise<boolean> {
  const upstream = await repository.git([
    'for-each-ref',
    '--format=%(upstream:remotename)%00%(upstream:remoteref)',
    '--points-at=HEAD',
    'refs/heads',
  ])
  const [remote = '', ref = ''] = (upstream.split('\n').find((line) => line !== '\0') ?? '').split('\0')
  const from = remote === '' ? [(await repository.git(['remote'])).split('\n')[0] ?? ''] : [remote, ref]
  if (from[0] === '') return false
  const args = ['fetch', '--quiet', '--no-tags', '--refmap=', `--deepen=${depth}`, ...from]
  try {
    await repository.git(args, { environment: { GIT_TERMINAL_PROMPT: '0' } })
    return true
  } catch {
    return false
  }
}
