/** How a command that works through several sources ends: each failure told, the gravest exit code. */
import type { SourceFailure } from '../../operations/sources.ts'
import type { Output } from '../output.ts'

export function sayFailures(output: Output, failures: readonly SourceFailure[]): void {
  for (const { error } of failures) output.fail(error)
}

/** The first failure's exit code; 5 when a guard or drift holds something back; else 0. */
export function exitCodeOf(result: {
  readonly failures: readonly SourceFailure[]
  readonly held: readonly string[]
}): number {
  const [failure] = result.failures
  if (failure !== undefined) return failure.error.exitCode
  return result.held.length > 0 ? 5 : 0
}

/** For commands that only look: 3 when any database could not be reached, else the first failure's exit code; 0 without one. */
export function gravestOf(failures: readonly SourceFailure[]): number {
  if (failures.some(({ error }) => error.exitCode === 3)) return 3
  return failures[0]?.error.exitCode ?? 0
}
