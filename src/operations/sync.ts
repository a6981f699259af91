/** `tandem sync`: export, commit, pull, merge, apply, push in one command. git's hooks keep still meanwhile: everything they would do is done here, in order. */
import { readHead } from '../git/head.ts'
import { GitError } from '../git/run.ts'
import { hasOutgoing, incomingFrom } from '../git/history/upstream.ts'
import { changedBlobs } from '../git/objects/changed-blobs.ts'
import { sendingOptions } from '../git/push-arguments.ts'
import { TandemError, UnreachableError } from '../model/errors.ts'
import type { ExportOptions, ExportResult } from '../push/export-sources.ts'
import { settledHead } from '../push/finish-push.ts'
import { requireCarrying, requireNoOperation } from '../workspace/carrying.ts'
import { markPublished } from '../workspace/unpublished.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { exportAndCommit } from './export.ts'

export interface SyncResult {
  readonly before: ExportResult
  /** undefined: there is no upstream branch, or nothing came in. */
  readonly after: ExportResult | undefined
  readonly upstream: string | undefined
  readonly pushed: boolean
}

export interface SyncOptions extends Omit<ExportOptions, 'head'> {
  readonly push: boolean
}

/** @throws UnreachableError when the remote does not answer; TandemError for a conflict that git leaves to people */
export async function sync(workspace: Workspace, options: SyncOptions): Promise<SyncResult> {
  await requireNoOperation(workspace)
  const before = await exportAndCommit(workspace, {
    ...options,
    reading: {},
    head: await settledHead(workspace),
  })
  const upstream = await upstreamOf(workspace)
  if (upstream === undefined || workspace.invocation.dryRun)
    return { before, after: undefined, upstream, pushed: false }
  await fetch(workspace)
  if ((await incomingFrom(workspace.repository, upstream)) === 'commits') await pull(workspace)
  const after = await exportAndCommit(workspace, { ...options, head: await requireCarrying(workspace) })
  const pushed = options.push && (await push(workspace, upstream))
  return { before, after, upstream, pushed }
}

/** `origin/main`, as git knows it. */
async function upstreamOf(workspace: Workspace): Promise<string | undefined> {
  const args = ['rev-parse', '--abbrev-ref', '--symbolic-full-name', '@{upstream}']
  return (await workspace.repository.git(args, { answers: [128] })) || undefined
}

const QUIET_HOOKS = { TANDEM_SKIP: '1' }

async function fetch(workspace: Workspace): Promise<void> {
  try {
    const git = await workspace.repository.porcelain(QUIET_HOOKS)
    await git.raw(['fetch', '--quiet'])
  } catch (error) {
    throw new UnreachableError(`git fetch failed: ${(error as Error).message.trim()}`, {
      hint: 'Check the remote (git remote -v) and the network.',
      cause: error,
    })
  }
}

/** Merges unless the user has chosen to rebase; never opens an editor. `pull.ff=only` is meant for pulls by hand: two machines that both wrote have to be merged. */
async function pull(workspace: Workspace): Promise<void> {
  const { repository } = workspace
  const { branch } = await readHead(repository)
  const config = await repository.config()
  const rebase = config.get(`branch.${branch}.rebase`) ?? config.get('pull.rebase') ?? 'false'
  const isMerge = /^(false|no|off|0|)$/i.test(rebase)
  try {
    const git = await repository.porcelain(QUIET_HOOKS)
    const merging = ['--no-rebase', ...(config.get('pull.ff') === 'only' ? ['--ff'] : [])]
    await git.raw(['pull', '--no-edit', ...(isMerge ? merging : [])])
  } catch (error) {
    throw pullFailure(error as Error)
  }
}

function pullFailure(error: Error): TandemError {
  const text = error.message.trim()
  if (/conflict|not possible to fast-forward|unmerged|divergent/i.test(text))
    return new TandemError({ code: 'conflict', exitCode: 1 }, `git could not merge by itself: ${text}`, {
      hint: 'Resolve what git names (exports: tandem resolve), commit, and run tandem sync again.',
      cause: error,
    })
  return new UnreachableError(`git pull failed: ${text}`, {
    hint: 'Check the remote (git remote -v) and the network.',
    cause: error,
  })
}

/** Pushes when there is something to push. */
async function push(workspace: Workspace, upstream: string): Promise<boolean> {
  const { repository } = workspace
  if (!(await hasOutgoing(repository, upstream))) return false
  await markPublished(workspace)
  try {
    const git = await repository.porcelain(QUIET_HOOKS)
    const sent = await changedBlobs(repository, [upstream, 'HEAD'], workspace.config.exports)
    await git.raw([...sendingOptions(sent.size), 'push', '--no-verify'])
  } catch (error) {
    const cause = error instanceof GitError ? error : (error as Error)
    throw new UnreachableError(`git push failed: ${cause.message.trim()}`, { hint: 'Run tandem sync again.', cause })
  }
  return true
}
