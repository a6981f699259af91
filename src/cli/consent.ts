/** What a person allowed, read from the flags of a command: the only place where a Consent is made. */
import type { AllowedDeletes, Consent } from '../model/consent.ts'
import { UsageError } from '../model/errors.ts'
import { type Arguments, textsOf } from './command.ts'

/** The consent in `--allow-deletes` and `--accept-clock`. @throws UsageError */
export function consentOf(args: Arguments): Consent {
  return { deletes: parseAllowDeletes(textsOf(args, 'allowDeletes')), acceptClock: args['acceptClock'] === true }
}

/** @throws UsageError when one is not of the form COLLECTION=N */
function parseAllowDeletes(texts: readonly string[]): AllowedDeletes {
  return new Map(
    texts.map((text) => {
      const match = /^(.+)=(\d+)$/s.exec(text)
      if (match === null)
        throw new UsageError(`--allow-deletes ${text}: expected COLLECTION=N`, {
          hint: 'For example: --allow-deletes traders=25',
        })
      return [(match[1] as string).replace(/^public\./, ''), Number(match[2])] as const
    }),
  )
}
