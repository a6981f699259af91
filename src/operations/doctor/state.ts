/** What `tandem doctor` asks of the moment: does HEAD carry data, what waits, and what did runs that were killed leave behind? */
import { CLOCK_TOLERANCE_MS } from '../../exports/data-message.ts'
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { openGraph } from '../../git/history/graph.ts'
import { operationInProgress, readHead } from '../../git/head.ts'
import { commitsOf } from '../../git/history/commits.ts'
import { complete } from '../../git/history/lazily.ts'
import { waitingFiles } from '../../git/waiting.ts'
import { isLeftBehind, lockFile } from '../../io/lock.ts'
import { isRunning } from '../../io/running.ts'
import { age } from '../../report/age.ts'
import { carryingHead, carryingStep } from '../../workspace/carrying.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** The checks of HEAD, clock, what waits and what was left behind. */
export async function checkState(workspace: Workspace): Promise<Check[]> {
  const { commit } = await readHead(workspace.repository)
  return [
    await checkCarrying(workspace),
    ...(commit === undefined ? [] : [await checkClock(workspace, commit), await checkPublished(workspace, commit)]),
    await checkWaiting(workspace),
    await checkLeftovers(workspace),
  ]
}

async function checkCarrying(workspace: Workspace): Promise<Check> {
  const head = await carryingHead(workspace)
  if (typeof head === 'string') {
    return warn('branch', `data is not carried: ${head}`, await carryingStep(workspace))
  }
  const operation = await operationInProgress(workspace.repository)
  if (operation !== undefined)
    return warn('branch', `git is in the middle of ${operation}; no data commit until it ends`, 'Finish or abort it.')
  return ok('branch', `${head.branch} carries the data`)
}

async function checkClock(workspace: Workspace, head: string): Promise<Check> {
  const graph = openGraph(workspace.repository)
  const ahead = (await complete(() => graph.commit(head).at)) - workspace.invocation.nowMs()
  if (ahead <= CLOCK_TOLERANCE_MS) return ok('clock', 'not behind the newest commit')
  return fail(
    'clock',
    `the newest commit is ${age(ahead)} ahead of this machine's clock; exports are held`,
    'Correct the clock that is wrong; or, to go on all the same: tandem export --commit --accept-clock',
  )
}

async function checkPublished({ repository }: Workspace, head: string): Promise<Check> {
  if ((await repository.git(['remote'])) === '')
    return warn('remote', 'there is none, so nothing is carried anywhere', 'Run: git remote add origin URL')
  const unpublished = await commitsOf(repository, ['--grep=^Tandem-Export: ', head, '--not', '--remotes'])
  if (unpublished.length === 0) return ok('remote', 'every data commit is pushed')
  const ids = unpublished.slice(0, 3).map(({ id }) => id.slice(0, 7))
  return warn('remote', `data commits that no remote has yet: ${ids.join(', ')}`, 'They go with the next git push.')
}

async function checkWaiting({ repository }: Workspace): Promise<Check> {
  const reports = [...(await waitingFiles(repository)).keys()].filter((file) => file.endsWith('.md'))
  const count = `${reports.length} merge report${reports.length === 1 ? '' : 's'}`
  if (reports.length === 0) return ok('reports', 'none waits to be committed')
  return ok('reports', `${count} to travel with the next push (tandem report)`)
}

async function checkLeftovers(workspace: Workspace): Promise<Check> {
  const left = [
    ...((await isLeftBehind(lockFile(workspace.dataDir))) ? ['the lock of a run that died'] : []),
    ...(await deadIndexLock(path.join(workspace.repository.gitDir, 'index.lock'))),
    ...(await deadMarkers(path.join(workspace.dataDir, 'push'))),
  ]
  if (left.length === 0) return ok('leftovers', 'no killed run left anything behind')
  return warn('leftovers', left.join('; '), 'tandem apply and the next push clear away what is tandem’s own.')
}

/** A lock of git's own is told by its age alone: git removes it within seconds. */
async function deadIndexLock(lock: string): Promise<string[]> {
  const text = await readFile(lock, 'utf8').catch(() => undefined)
  if (text === undefined) return []
  const pid = /^tandem index lock, pid (\d+)/.exec(text)?.[1]
  if (pid === undefined) return [`${lock}: another git is at work, or was killed (then remove the file)`]
  return isRunning(Number(pid)) ? [] : [`the index lock of a run that died: ${lock}`]
}

async function deadMarkers(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  const dead = names.filter((name) => !isRunning(Number(name)))
  return dead.length === 0 ? [] : [`marks of ${dead.length} push${dead.length === 1 ? '' : 'es'} that did not end`]
}
