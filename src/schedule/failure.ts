/** What a failed job means for the next try, and how long to wait for it. Pure, but for the chance of the jitter, which the caller gives. */
import type { Job } from '../config/schedule.ts'
import type { FailureKind } from '../workspace/queue.ts'

/** Words by which servers refuse a login. */
const REFUSED =
  /authentication failed|password authentication|auth(entication)? (error|failed)|access denied|permission denied \(publickey|could not read (username|password)|invalid (username|credentials)|not authorized|\b40[13]\b|no pg_hba\.conf entry|role "[^"]*" does not exist/i

/** Jobs whose exit code 1 says that they did their work and found something. */
const MAY_FIND: readonly Job[] = ['health', 'mirror', 'backup', 'prune', 'copy', 'drill']

/** True when the job did its work. */
export function isDone(job: Job, exitCode: number): boolean {
  return exitCode === 0 || (exitCode === 1 && MAY_FIND.includes(job)) || (job === 'health' && exitCode === 3)
}

/** What has to happen before the next try. @param code the error's code where the program told one */
export function failureKind(exitCode: number, message: string, code?: string): FailureKind {
  if (exitCode === 2 || REFUSED.test(message)) return 'refused'
  if (exitCode === 4 || exitCode === 5 || code === 'conflict') return 'person'
  return 'again'
}

/** Milliseconds to wait after so many tries: 1, 2, 4, 8, 16 s, each a quarter more or less. @param chance from 0 to 1 */
export function waitMs(firstMs: number, attempts: number, chance: number): number {
  return Math.round(firstMs * 2 ** (attempts - 1) * (0.75 + chance / 2))
}

/** Work that a login was refused to is tried once in so long a time, so that no account is locked. */
export const REFUSED_MS = 3_600_000
