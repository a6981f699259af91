/** How failures of single sources are told in a hook: one line each, ending with the next command. */
import { LockedError } from '../../model/errors.ts'
import type { SourceFailure } from '../../source/sources.ts'
import { withoutName } from '../../source/without-name.ts'

/** One line for each failed source; `verb` names the command that tries again. */
export function failureLines(failures: readonly SourceFailure[], verb: 'apply' | 'export'): string[] {
  return failures.map(({ source, error }) => {
    const named = `source ${source}`
    // the line itself says what became of the data
    const message = withoutName(source, error.message).replace(/; nothing was (changed|written)$/, '')
    const what = whatHappened(error, verb)
    if (error instanceof LockedError) return `${named} is busy: ${message}; ${what}, the next hook catches up`
    const told = message.startsWith(`${named} `) ? message : `${named}: ${message}`
    return `${told}; ${what} (${nextStep(error, verb)})`
  })
}

/** The counts of a plan are compared after it was committed; all other errors leave live as it was. */
function whatHappened({ code }: SourceFailure['error'], verb: 'apply' | 'export'): string {
  if (verb === 'export') return 'its data is not in this push'
  return code === 'counts' ? 'the changes are in the database' : 'nothing was applied'
}

function nextStep({ exitCode, hint }: SourceFailure['error'], verb: 'apply' | 'export'): string {
  if (exitCode !== 3) return hint ?? `tandem ${verb}`
  const again = `the next hook tries again, or: tandem ${verb}`
  return hint === undefined ? again : `${hint.replace(/\.$/, '')}; ${again}`
}
