/** The remote of the current branch, asked without a terminal and only for a limited time. */
import { type BoundedAnswer, runBounded } from '../io/bounded-child.ts'
import type { Repository } from './repository.ts'

const LIMIT_MS = 20_000

/** The remote that the branch follows, else `origin`, else the only one; undefined when there is none. */
export async function remoteOf(repository: Repository, branch: string | undefined): Promise<string | undefined> {
  const names = (await repository.git(['remote'])).split('\n').filter(Boolean)
  const followed = (await repository.config()).get(`branch.${branch}.remote`)
  return [followed, 'origin', names[0]].find((name) => name !== undefined && names.includes(name))
}

/** git with a remote: it never asks for a password, and no hook of ours acts. */
export async function askRemote(repository: Repository, args: readonly string[]): Promise<BoundedAnswer> {
  const { cwd, environment } = repository.place
  const ssh = (await repository.config()).get('core.sshcommand') || environment['GIT_SSH_COMMAND']
  const quiet = { GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: 'true', SSH_ASKPASS: 'true', TANDEM_SKIP: '1' }
  const batch = ssh ? {} : { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=10' }
  return runBounded(['git', ...args], {
    cwd,
    environment: { ...environment, ...quiet, ...batch },
    limitMs: LIMIT_MS,
  })
}
