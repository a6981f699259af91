/** `tandem doctor`: everything a newcomer can get wrong, looked at in the order in which it must be put right. Each part stands in a file of its own beside the others. */
import { type Repository, openRepository } from '../../git/repository.ts'
import { TandemError } from '../../model/errors.ts'
import type { Only } from '../../source/only.ts'
import { chosenSources } from '../../source/sources.ts'
import { type Invocation, type Workspace, workspaceOf } from '../../workspace/workspace.ts'
import { checkBackupState } from './backups.ts'
import { type Check, failedBy, ok } from './check.ts'
import { checkClone } from './clone.ts'
import { checkDatabase } from './database.ts'
import { checkMachine } from './machine.ts'
import { checkState } from './state.ts'
export type { Check } from './check.ts'

/** All checks; those that need what an earlier one did not find are left out. @param schema also what the schema and its records mean, for which every record is read @throws UsageError when `only` names no source */
export async function doctor(
  invocation: Invocation,
  only: Only | undefined,
  schema = false,
): Promise<readonly Check[]> {
  const checks = await checkMachine(invocation)
  const repository = await attempt(checks, 'repository', () =>
    openRepository(invocation.directory, invocation.environment),
  )
  if (repository === undefined) return checks
  checks.push(ok('repository', repository.root))
  const workspace = await attempt(checks, 'configuration', () => workspaceOf(invocation, repository))
  if (workspace === undefined) return checks
  const chosen = chosenSources(workspace, only)
  checks.push(checkConfiguration(workspace))
  checks.push(...(await checkClone(workspace)), ...(await checkState(workspace)))
  checks.push(await checkBackupState(workspace))
  for (const config of chosen) checks.push(...(await checkDatabase(workspace, config, schema)))
  return checks
}

function checkConfiguration({ config: { sources } }: Workspace): Check {
  const valid = `valid; sources: ${sources.map(({ name }) => name).join(', ')}`
  const idle = sources.filter(({ collections }) =>
    Object.values(collections).some(({ onDeleteModify }) => onDeleteModify !== undefined),
  )
  if (idle.length === 0) return ok('configuration', valid)
  const names = idle.map(({ name }) => name).join(', ')
  return ok('configuration', `${valid}; "onDeleteModify": "keep" (${names}) is the rule anyway, so it can go`)
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
