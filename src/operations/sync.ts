/** `tandem sync`: export, commit, pull, merge, apply, push in one command. git's hooks keep still meanwhile: everything they would do is done here, in order. */
import { readHead } from '../git/head.ts'
import { hasOutgoing, incomingFrom } from '../git/upstream.ts'
import { GitError } from '../git/run.ts'
import { TandemError, UnreachableError } from '../model/errors.ts'
import { requireCarrying, requireNoOperation } from './carrying.ts'
import { markPublished } from './unpublished.ts'
import { exportAndCommit, type ExportOptions, type ExportResult } from './export.ts'
import type { Workspace } from './workspace.ts'

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
    relayout: false,
    head: await requireCarrying(workspace),
  })
  const upstream = await upstreamOf(workspace)
  if (upstream === undefined || workspace.invocation.dryRun)
    return { before, after: undefined, upstream, pushed: false }
  await fetch(workspace)
  if ((await incomingFrom(workspace.repository, upstream)) === 'news') await pull(workspace)
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

/** Merges unless the user has chosen to rebase; never opens an editor. */
async function pull(workspace: Workspace): Promise<void> {
  const { repository } = workspace
  const { branch } = await readHead(repository)
  const chosen = await repository.git(
    ['config', '--get-regexp', String.raw`^(pull\.rebase|branch\.${branch}\.rebase|pull\.ff)$`],
    { answers: [1] },
  )
  try {
    const git = await repository.porcelain(QUIET_HOOKS)
    await git.raw(['pull', '--no-edit', ...(chosen === '' ? ['--no-rebase'] : [])])
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
    await git.raw(['push', '--no-verify'])
  } catch (error) {
    const cause = error instanceof GitError ? error : (error as Error)
    throw new UnreachableError(`git push failed: ${cause.message.trim()}`, { hint: 'Run tandem sync again.', cause })
  }
  return true
}
