/** Is git as it should be: does HEAD carry data, does the remote answer, and are all hashes of the exports right? */
import { DamagedError } from '../model/errors.ts'
import { readHeadExports, readRecords } from '../exports/committed.ts'
import { operationInProgress, readHead } from '../git/head.ts'
import { askRemote, remoteOf } from '../git/remote.ts'
import { counted } from '../report/counted.ts'
import { withSources } from '../source/sources.ts'
import { carryingHead, carryingStep } from '../workspace/carrying.ts'
import { memory } from '../workspace/memory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type HealthCheck, alarm, lookAt, unreachable, well } from './check.ts'

/** HEAD and whatever operation of git is under way. */
export async function checkHead(workspace: Workspace): Promise<HealthCheck> {
  const head = await carryingHead(workspace)
  if (typeof head === 'string')
    return lookAt('git', `data is not carried: ${head}`, (await carryingStep(workspace)) ?? 'Run: tandem doctor')
  const operation = await operationInProgress(workspace.repository)
  if (operation !== undefined) return lookAt('git', `git is in the middle of ${operation}`, 'Finish or abort it.')
  return well('git', `${head.branch} carries the data`)
}

/** The remote, and what it lacks. */
export async function checkRemote({ repository }: Workspace): Promise<HealthCheck> {
  const { branch, commit } = await readHead(repository)
  const remote = await remoteOf(repository, branch)
  if (remote === undefined)
    return alarm('remote', 'there is none, so this is the only copy', 'Run: git remote add origin URL')
  const answer = await askRemote(repository, ['ls-remote', '--quiet', remote, `refs/heads/${branch ?? ''}`])
  if (answer.code !== 0) {
    const why = answer.isOverTime ? 'no answer within 20 s' : (answer.stderr.trim().split('\n').at(-1) ?? '')
    return unreachable('remote', `${remote} does not answer: ${why}`, `Try: git ls-remote ${remote}`)
  }
  const there = answer.stdout.split(/\s/, 1)[0] ?? ''
  if (there === commit) return well('remote', `${remote} has what HEAD has`)
  if (there === '') return lookAt('remote', `${remote} has no branch ${branch}`, 'Run: git push -u origin HEAD')
  const ahead = await repository.git(['rev-list', '--count', 'HEAD', '--not', there], { answers: [128] })
  const count = Number(ahead || 0)
  if (count === 0) return well('remote', `${remote} answers; it has commits that are not here yet`)
  return lookAt('remote', `${counted(count, 'commit')} that ${remote} does not have`, 'Run: tandem sync')
}

/** Reads every line of HEAD's exports with its hash. What was found sound is not read again while the exports stay the same. */
export async function checkExports(workspace: Workspace): Promise<HealthCheck> {
  const { repository, config } = workspace
  const { commit } = await readHead(repository)
  const tree = await repository.git(['rev-parse', '--verify', '--quiet', `HEAD:${config.exports}`], {
    answers: [1, 128],
  })
  if (commit === undefined || tree === '') return well('exports', 'none yet')
  const sound = memory(workspace, 'sound-exports', '')
  if ((await sound.read()) === tree) return well('exports', 'every hash is right')
  const found = await withSources(workspace, undefined, {
    each: async (source) => {
      for (const collection of (await readHeadExports(source, commit)).values()) await readRecords(source, collection)
    },
    after: async (_, failures) => failures,
  })
  const damaged = found.find(({ error }) => error instanceof DamagedError)
  if (damaged !== undefined)
    return alarm('exports', damaged.error.message, 'Run: tandem verify, which lists all damage')
  if (found.length > 0) return well('exports', 'not all read: a database does not answer')
  await sound.write(tree)
  return well('exports', 'every hash is right')
}
