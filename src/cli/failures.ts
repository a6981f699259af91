/** The end of a command that works on several sources: prints each failure and finds the exit code. */
import type { SourceFailure } from '../source/sources.ts'
import type { Output } from './output.ts'

/** Prints the error of each source that failed. */
export function sayFailures(output: Output, failures: readonly SourceFailure[]): void {
  for (const { error } of failures) output.fail(error)
}

/** The exit code of the first failure; without one, 5 when something is held, else 0. */
export function exitCodeOf(result: {
  readonly failures: readonly SourceFailure[]
  readonly held: readonly string[]
}): number {
  const [failure] = result.failures
  if (failure !== undefined) return failure.error.exitCode
  return result.held.length > 0 ? 5 : 0
}

/** For commands that only read: 3 when a database could not be reached, else the exit code of the first failure; 0 without failures. */
export function gravestOf(failures: readonly SourceFailure[]): number {
  if (failures.some(({ error }) => error.exitCode === 3)) return 3
  return failures[0]?.error.exitCode ?? 0
}
