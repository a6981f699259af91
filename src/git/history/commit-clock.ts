/** A commit with its clock. Only a type, in a file of its own because graph.ts and paint.ts both need it and one imports the other. */
import type { CommitFacts } from './commits.ts'

/** A commit with its clock in milliseconds: `since` is the greatest clock among its parents, `at` its own, and since < at. */
export interface GraphCommit extends CommitFacts {
  readonly since: number
  readonly at: number
}
