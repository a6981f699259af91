/** `--allow-deletes COLLECTION=N`, read. */
import { UsageError } from '../model/errors.ts'
import type { AllowedDeletes } from './guard.ts'

/** @throws UsageError when one is not of the form COLLECTION=N */
export function parseAllowDeletes(texts: readonly string[]): AllowedDeletes {
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
