/** Does every database answer, and is it the approved one that this clone is bound to? */
import { withSources } from '../source/sources.ts'
import { withoutName } from '../source/without-name.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type HealthCheck, alarm, unreachable, well } from './check.ts'

/** A check for each source. */
export async function checkDatabases(workspace: Workspace): Promise<readonly HealthCheck[]> {
  return withSources(workspace, undefined, {
    each: async ({ source, description, selections }) =>
      well(`database: ${source}`, `${description.database} answers; ${selections.size} collections take part`),
    after: async (answers, failures) => [
      ...answers,
      ...failures.map(({ source, error }) => {
        const kind = error.exitCode === 3 ? unreachable : alarm
        return kind(`database: ${source}`, withoutName(source, error.message), error.hint ?? 'Run: tandem doctor')
      }),
    ],
  })
}
