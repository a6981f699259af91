/** Working through the configured sources: each on its own, so that one that is down, damaged or another database never stops the others. */
import type { SourceConfig } from '../config/config.ts'
import { TandemError, UsageError } from '../model/errors.ts'
import { checkApproval } from './approval.ts'
import { checkBinding } from './binding.ts'
import { lockDatabase, type Unlock } from './database-lock.ts'
import { notDown } from './down.ts'
import { rememberSeen } from './restored.ts'
import { openSource, type Source } from './source.ts'
import type { Workspace } from './workspace.ts'

/** What went wrong with one source, told instead of thrown. */
export interface SourceFailure {
  readonly source: string
  readonly error: TandemError
}

/** `--only app` or `--only app/traders`, taken apart. */
export interface Only {
  readonly source: string
  readonly collection: string | undefined
}

export function parseOnly(text: string | undefined): Only | undefined {
  if (text === undefined) return undefined
  const slash = text.indexOf('/')
  return slash < 0
    ? { source: text, collection: undefined }
    : { source: text.slice(0, slash), collection: text.slice(slash + 1) }
}

/** @throws UsageError when `--only` names no configured source */
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

/** The same for work that writes: no other run is in these databases until the end of `after`. One that is locked is a failure. A dry run locks nothing. */
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
          await rememberSeen(workspace, source).catch(() => undefined) // the database is gone, and this run has said so
          await unlock()
        }
      }
    },
  })
}

/** Every result of `each`, source by source; failures are collected. Connections are closed at the end of `after`, which gets all of it. */
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
        const source = await notDown(workspace, config.name, () => openSource(workspace, config))
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

/** Anything else than our own errors is a fault of the program, and says so. */
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

/** A disk that is full or a file that is somebody else's is no fault of the program. */
function refusedBySystem(error: unknown): TandemError | undefined {
  const { code = '', path } = error as NodeJS.ErrnoException
  const refusal = REFUSALS[code]
  if (!(error instanceof Error) || refusal === undefined) return undefined
  const [what, hint] = refusal
  return new TandemError({ code: 'file', exitCode: 1 }, `${path ?? 'a file'}: ${what}`, { hint, cause: error })
}
