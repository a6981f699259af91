/** Shallow clones: whether what two commits do not share is here in full, and fetching more of it. What is cut off is never guessed. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Repository } from './repository.ts'

/** How many commits more are fetched, one attempt after the other. */
const DEPTHS = [50, 500, 5000]

/**
 * True when every commit that only one of the two has is here with its parents; in a shallow clone that is cut too short, more is fetched first (where the
 * remote answers).
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
  // symmetric difference: all of both when they have nothing in common
  const listing = await repository.git(['rev-list', `${a}...${b}`])
  return !listing.split('\n').some((id) => id !== '' && cut.has(id))
}

/** False when the remote did not answer. `--refmap=`: no tracking branch moves. */
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
