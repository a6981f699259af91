/** Every error a user can meet: what failed, what to do next, and the exit code of the contract. One class per thing a caller handles differently. */
export interface ErrorDetails {
  /** What to do next, in one sentence; printed under the message. */
  readonly hint?: string
  readonly cause?: unknown
}

/** The base of all errors this program throws on purpose. `code` is stable and meant for scripts, `message` for people. */
export class TandemError extends Error {
  readonly code: string
  readonly exitCode: number
  readonly hint: string | undefined

  constructor(kind: { readonly code: string; readonly exitCode: number }, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = new.target.name
    this.code = kind.code
    this.exitCode = kind.exitCode
    this.hint = details.hint
  }
}

/** Wrong flag, wrong configuration, or a repository that is not set up (exit 2). */
export class UsageError extends TandemError {
  constructor(message: string, details?: ErrorDetails) {
    super({ code: 'usage', exitCode: 2 }, message, details)
  }
}

/** A database or a remote that does not answer, or refuses us (exit 3). */
export class UnreachableError extends TandemError {
  constructor(message: string, details?: ErrorDetails) {
    super({ code: 'unreachable', exitCode: 3 }, message, details)
  }
}

/** Where damage was found in an export. The first line is 1. */
export interface DamagePlace {
  readonly path: string
  readonly line?: number | undefined
  readonly key?: string | undefined
}

/** A damaged or hostile export; nothing was changed (exit 4). The message names file and line. */
export class DamagedError extends TandemError {
  readonly place: DamagePlace
  readonly reason: string

  constructor(place: DamagePlace, reason: string, details?: ErrorDetails) {
    const where = place.line === undefined ? place.path : `${place.path}:${place.line}`
    super({ code: 'damaged', exitCode: 4 }, `${where}: ${reason}`, details)
    this.place = place
    this.reason = reason
  }
}

/** Refused in order to protect data: too many deletes, another database behind the URL, … (exit 5). */
export class GuardError extends TandemError {
  constructor(message: string, details?: ErrorDetails) {
    super({ code: 'guard', exitCode: 5 }, message, details)
  }
}

/** Another run holds the lock (exit 6). */
export class LockedError extends TandemError {
  constructor(message: string, details?: ErrorDetails) {
    super({ code: 'locked', exitCode: 6 }, message, details)
  }
}

/** Failed after a write had begun; everything was undone (exit 7). */
export class UndoneError extends TandemError {
  constructor(message: string, details?: ErrorDetails) {
    super({ code: 'undone', exitCode: 7 }, message, details)
  }
}

/** The exit codes of the contract, printed in `--help` and the README. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done'],
  [1, 'found something (differences, problems, quarantined records)'],
  [2, 'usage or configuration'],
  [3, 'a database or remote cannot be reached'],
  [4, 'damaged or hostile export, nothing changed'],
  [5, 'refused by a guard (would delete too much, wrong identity …)'],
  [6, 'locked by another run'],
  [7, 'failed half-way and was undone'],
  [130, 'interrupted'],
]
