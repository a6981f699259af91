/**
 * What the server or the network said, as an error of ours that tells people what to do. The only place that knows SQLSTATE codes
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html); the server's message text may be in any language and is never looked at.
 */
import { TandemError, UnreachableError, UsageError } from '../../model/errors.ts'

/** The fields of an error message of the protocol that are used here. */
export interface ServerError extends Error {
  readonly code: string
  readonly detail?: string
  readonly where?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

/** What was being done, for the message. */
export interface Attempt {
  readonly source: string
  /** `read sales.orders`, `describe the database`. */
  readonly doing: string
  /** The statements an owner must run if it was a privilege that was missing. */
  readonly grant?: string
}

/** True for errors the server sent, as opposed to those of the network or the client. */
export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && typeof codeOf(error) === 'string'
}

/** SQLSTATE or the operating system's code; undefined if the error has none. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** Serialisation failure, deadlock, lock not available: the same transaction may succeed when run again. */
export function isPassing(error: unknown): boolean {
  return ['40001', '40P01', '55P03'].includes(codeOf(error) ?? '')
}

/** The server ended the session (08, 53, 57): nobody can say more than that it is gone. */
export function isConnectionLoss(error: ServerError): boolean {
  return /^(08|53|57)/.test(error.code)
}

/** 22: a value that does not fit its type; 23: a constraint. P0001 and others raised by users' functions are not among them. */
export function isRefusedValue(error: unknown): error is ServerError {
  return isServerError(error) && /^(22|23)/.test(error.code)
}

/** The error to throw for whatever came out of the driver; our own errors pass through. */
export function explain(error: unknown, attempt: Attempt): Error {
  if (error instanceof TandemError || !(error instanceof Error))
    return error instanceof Error ? error : new Error(String(error))
  const code = codeOf(error) ?? ''
  const failed = `${attempt.source}: could not ${attempt.doing}: ${error.message || code}`
  if (code === '42501') return new UsageError(failed, hinted(grantHint(attempt), error))
  if (code === '25006')
    return new UsageError(failed, hinted('this server only reads (a replica): use the primary', error))
  if (['42P01', '3F000', '42703'].includes(code)) {
    return new UsageError(failed, hinted('the tables changed meanwhile, or migrations have not run here', error))
  }
  if (isServerError(error) && !/^(08|53|57)/.test(code)) return new UnreachableError(failed, { cause: error })
  return new UnreachableError(failed, hinted('the server went away: try again', error))
}

function grantHint({ grant }: Attempt): string {
  return grant === undefined ? 'the role lacks a privilege: see the message' : `the owner must run: ${grant}`
}

function hinted(hint: string, cause: unknown): { hint: string; cause: unknown } {
  return { hint, cause }
}
