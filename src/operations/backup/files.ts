/** `tandem backup files`: versions of the configuration files, outside archives, for every change. */
import { checkBackupApproval } from '../../backup/approval.ts'
import { configurationFiles } from '../../backup/files.ts'
import { withFolder } from '../../backup/place.ts'
import { backupSettings } from '../../backup/settings.ts'
import { type FileState, keepVersion } from '../../backup/versions.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { log } from './create.ts'

/** Looks at every configuration file. @param repair replaces one that cannot be read by its last good version @throws GuardError, LockedError */
export async function keepVersions(workspace: Workspace, repair: boolean): Promise<readonly FileState[]> {
  await checkBackupApproval(workspace)
  const { folder, files } = backupSettings(workspace)
  const { invocation, repository } = workspace
  const { root } = repository
  const options = { folder, root, nowMs: invocation.nowMs(), dryRun: invocation.dryRun, repair }
  const work = async (): Promise<readonly FileState[]> => {
    const states: FileState[] = []
    for (const file of await configurationFiles(root, files)) states.push(await keepVersion(file, options))
    return states
  }
  if (invocation.dryRun) return work()
  const states = await withFolder(folder, 1_000, work)
  const bad = states.filter(({ problem }) => problem !== undefined)
  await log(
    workspace,
    folder,
    bad.map(({ file, state, problem }) => `ERROR ${file} is ${state}: ${problem}`),
  )
  return states
}
