/** How failures of single sources are told in a hook: one line each, ending with the next command. */
import { LockedError } from '../model/errors.ts'
import type { SourceFailure } from './sources.ts'

/** One line for each failed source; `verb` names the command that tries again. */
export function failureLines(failures: readonly SourceFailure[], verb: 'apply' | 'export'): string[] {
  return failures.map(({ source, error }) => {
    const what = verb === 'apply' ? 'nothing was applied' : 'its data is not in this push'
    if (error instanceof LockedError)
      return `source ${source} is busy: ${error.message}; ${what}, the next hook catches up`
    const next =
      error.exitCode === 3 ? `the next hook tries again, or: tandem ${verb}` : (error.hint ?? `tandem ${verb}`)
    return `source ${source}: ${error.message}; ${what} (${next})`
  })
}
