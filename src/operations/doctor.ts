/** `tandem doctor`: everything a newcomer can get wrong, looked at in the order in which it must be put right. Each part stands in a file of its own beside the others. */
import { openRepository, type Repository } from '../git/repository.ts'
import { TandemError } from '../model/errors.ts'
import { failedBy, ok, type Check } from './doctor/check.ts'
import { checkClone } from './doctor/clone.ts'
import { checkDatabase } from './doctor/database.ts'
import { checkMachine } from './doctor/machine.ts'
import { checkState } from './doctor/state.ts'
import { chosenSources, type Only } from './sources.ts'
import { workspaceOf, type Invocation, type Workspace } from './workspace.ts'

export type { Check } from './doctor/check.ts'

/** All checks; those that need what an earlier one did not find are left out. @throws UsageError when `only` names no source */
export async function doctor(invocation: Invocation, only: Only | undefined): Promise<readonly Check[]> {
  const checks = await checkMachine(invocation)
  const repository = await attempt(checks, 'repository', () =>
    openRepository(invocation.directory, invocation.environment),
  )
  if (repository === undefined) return checks
  checks.push(ok('repository', repository.root))
  const workspace = await attempt(checks, 'configuration', () => workspaceOf(invocation, repository))
  if (workspace === undefined) return checks
  const chosen = chosenSources(workspace, only)
  checks.push(ok('configuration', `valid; sources: ${workspace.config.sources.map(({ name }) => name).join(', ')}`))
  checks.push(...(await checkClone(workspace)), ...(await checkState(workspace)))
  for (const config of chosen) checks.push(...(await checkDatabase(workspace, config)))
  return checks
}

/** What `open` gives; its error becomes a failed check. */
async function attempt<Opened extends Repository | Workspace>(
  checks: Check[],
  name: string,
  open: () => Promise<Opened>,
): Promise<Opened | undefined> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof TandemError)) throw error
    checks.push(failedBy(name, error))
    return undefined
  }
}
