/** One thing that `tandem doctor` looked at, and the words for its three outcomes. */
import type { TandemError } from '../../model/errors.ts'
import { withoutName } from '../../source/without-name.ts'

export interface Check {
  /** What was looked at: `git`, `hooks`, `app: reachable`. */
  readonly name: string
  /** `warn`: data is still carried; `fail`: data is not carried, or not as it should be. */
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** The next step. */
  readonly hint: string | undefined
}

export function ok(name: string, message: string): Check {
  return { name, status: 'ok', message, hint: undefined }
}

export function warn(name: string, message: string, hint: string | undefined): Check {
  return { name, status: 'warn', message, hint }
}

export function fail(name: string, message: string, hint: string | undefined): Check {
  return { name, status: 'fail', message, hint }
}

/** An error as a failed check, with its own hint. The name of a source's check begins with the source. */
export function failedBy(name: string, error: TandemError): Check {
  return fail(name, withoutName(name.split(':', 1)[0] ?? '', error.message), error.hint)
}
