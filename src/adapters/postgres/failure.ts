/**
 * Turns an error of the server or the network into one of ours that tells people what to do. What an error means is decided by its SQLSTATE code alone
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html), because the server's messages may be in any language.
 */
import { TandemError, UnreachableError, UsageError } from '../../model/errors.ts'

/** An error that the server sent, with those fields of the protocol that are used here. */
export interface ServerError extends Error {
  readonly code: string
  readonly detail?: string
  readonly where?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

/** What was being done when an error came, for the message. */
export interface FailedAction {
  readonly source: string
  /** `read sales.orders`, `describe the database`. */
  readonly doing: string
  /** The statements an owner must run if the error is that a privilege is missing. */
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

/** True for a serialisation failure, a deadlock and a lock that was not to be had: the same transaction may succeed when it is run again. */
export function isPassing(error: unknown): boolean {
  return ['40001', '40P01', '55P03'].includes(codeOf(error) ?? '')
}

/** True when the connection was lost or the server ended the session (classes 08, 53, 57), so that the error tells nothing about what was being done. */
export function isConnectionLoss(error: ServerError): boolean {
  return /^(08|53|57)/.test(error.code)
}

/** True when a value does not fit its type (class 22) or a constraint refuses it (class 23), but not for errors that a user's function raises by itself (P0001). */
export function isRefusedValue(error: unknown): error is ServerError {
  return isServerError(error) && /^(22|23)/.test(error.code)
}

/** The error to throw for what the driver threw: UsageError when the user can put it right in the database, else UnreachableError. Our own errors are returned as they are. */
export function explain(error: unknown, action: FailedAction): Error {
  if (error instanceof TandemError || !(error instanceof Error))
    return error instanceof Error ? error : new Error(String(error))
  const code = codeOf(error) ?? ''
  const failed = `source ${action.source}: could not ${action.doing}: ${error.message || code}`
  if (code === '42501') return new UsageError(failed, hinted(grantHint(action), error))
  if (code === '25006')
    return new UsageError(failed, hinted('this server only reads (a replica): use the primary', error))
  if (['42P01', '3F000', '42703'].includes(code)) {
    return new UsageError(failed, hinted('the tables changed meanwhile, or migrations have not run here', error))
  }
  if (isServerError(error) && !/^(08|53|57)/.test(code)) return new UnreachableError(failed, { cause: error })
  return new UnreachableError(failed, hinted('the server went away: try again', error))
}

function grantHint({ grant }: FailedAction): string {
  return grant === undefined ? 'the role lacks a privilege: see the message' : `the owner must run: ${grant}`
}

function hinted(hint: string, cause: unknown): { hint: string; cause: unknown } {
  return { hint, cause }
}
