/** Works through the configured sources one by one. A source that is down, damaged or bound to another database is reported and does not stop the others. */
import type { SourceConfig } from '../config/config.ts'
import { TandemError, UsageError } from '../model/errors.ts'
import { checkApproval } from '../workspace/approval.ts'
import { connectUnlessRecentlyDown } from '../workspace/down.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { checkBinding } from './binding.ts'
import { type Unlock, lockDatabase } from './database-lock.ts'
import type { Only } from './only.ts'
import { rememberSeen } from './seen.ts'
import { type Source, openSource } from './source.ts'

/** The error of one source, reported instead of thrown. */
export interface SourceFailure {
  readonly source: string
  readonly error: TandemError
}

/** The configured sources that `--only` chooses; all without it. @throws UsageError when `--only` names no configured source */
export function chosenSources(workspace: Workspace, only: Only | undefined): readonly SourceConfig[] {
  const { sources } = workspace.config
  if (only === undefined) return sources
  const chosen = sources.filter(({ name }) => name === only.source)
  if (chosen.length > 0) return chosen
  throw new UsageError(`no source is called ${only.source}`, {
    hint: `Configured: ${sources.map(({ name }) => name).join(', ')}`,
  })
}

interface SourceSteps<Result, Total> {
  readonly each: (source: Source) => Promise<Result>
  readonly after: (results: readonly Result[], failures: SourceFailure[]) => Promise<Total>
}

/**
 * Like `withSources`, for work that writes: each database stays locked against other runs until `after` has ended. A source that another run has locked is a failure.
 * A dry run locks nothing.
 * @throws whatever `after` throws
 */
export async function withLockedSources<Result, Total>(
  workspace: Workspace,
  which: { readonly only: Only | undefined; readonly waitMs?: number | undefined },
  steps: SourceSteps<Result, Total>,
): Promise<Total> {
  if (workspace.invocation.dryRun) return withSources(workspace, which.only, steps)
  const locked: { readonly source: Source; readonly unlock: Unlock }[] = []
  return withSources(workspace, which.only, {
    each: async (source) => {
      locked.push({ source, unlock: await lockDatabase(workspace, source, which.waitMs) })
      return steps.each(source)
    },
    after: async (results, failures) => {
      try {
        return await steps.after(results, failures)
      } finally {
        for (const { source, unlock } of locked.toReversed()) {
          await rememberSeen(workspace, source).catch(() => undefined) // the database cannot be reached any more, and this run has already reported that
          await unlock()
        }
      }
    },
  })
}

/**
 * Runs `each` on every chosen source and hands the results and failures to `after`, whose result it returns. The connections are closed when `after` has ended.
 * @throws UsageError when `--only` names no configured source, and whatever `after` throws
 */
export async function withSources<Result, Total>(
  workspace: Workspace,
  only: Only | undefined,
  steps: SourceSteps<Result, Total>,
): Promise<Total> {
  const opened: Source[] = []
  const results: Result[] = []
  const failures: SourceFailure[] = []
  try {
    for (const config of chosenSources(workspace, only)) {
      try {
        await checkApproval(workspace, config)
        const source = await connectUnlessRecentlyDown(workspace, config.name, () => openSource(workspace, config))
        opened.push(source)
        await checkBinding(workspace, source)
        results.push(await steps.each(source))
      } catch (error) {
        failures.push({ source: config.name, error: asTandemError(error) })
      }
    }
    return await steps.after(results, failures)
  } finally {
    for (const source of opened) await source.adapter.close()
  }
}

/** Makes a TandemError of any error. One that is neither ours nor a refusal of the operating system is a fault of the program, and its message says so. */
export function asTandemError(error: unknown): TandemError {
  if (error instanceof TandemError) return error
  const refused = refusedBySystem(error)
  if (refused !== undefined) return refused
  const message = error instanceof Error ? error.message : String(error)
  return new TandemError({ code: 'internal', exitCode: 1 }, `unexpected: ${message}`, { cause: error })
}

const REFUSALS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'Free some space and run it again; what was begun is then ended or taken back.'],
  EDQUOT: ['your share of the disk is used up', 'Free some space and run it again.'],
  EACCES: ['permission denied', 'Check who owns that file and its folder, then run it again.'],
  EPERM: ['not permitted', 'Check who owns that file and its folder, then run it again.'],
  EROFS: ['the file system is read-only', 'Make it writable, then run it again.'],
}

/** The error for a full disk or a file without the needed rights, which are no faults of the program; undefined for any other error. */
function refusedBySystem(error: unknown): TandemError | undefined {
  // `dest` is where a file was to be moved: the user's own, while `path` is a temporary one
  const { code = '', path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string }
  const refusal = REFUSALS[code]
  if (!(error instanceof Error) || refusal === undefined) return undefined
  const [what, hint] = refusal
  return new TandemError({ code: 'file', exitCode: 1 }, `${dest ?? path ?? 'a file'}: ${what}`, { hint, cause: error })
}

/**
 * Does the work on the one source that `--only` names, or the only configured one, with its database locked, and returns the work's result.
 * @throws UsageError when several sources are configured and `--only` names none; whatever the work throws
 */
export async function inOneSource<Result>(
  workspace: Workspace,
  which: { readonly only: Only | undefined; readonly verb: string },
  work: (source: Source) => Promise<Result>,
): Promise<Result> {
  const names = workspace.config.sources.map(({ name }) => name)
  if (which.only === undefined && names.length > 1)
    throw new UsageError(`${which.verb} works on one source at a time: ${names.join(', ')}`, {
      hint: `For example: --only ${names[0]}`,
    })
  return withLockedSources(workspace, which, {
    each: work,
    after: async ([result], [failure]) => {
      if (failure !== undefined) throw failure.error
      return result as Result
    },
  })
}
