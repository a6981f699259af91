/** `tandem backup estimate`: how much room backups take, and will take under the configured policy. */
import { readCatalogue } from '../../backup/catalogue.ts'
import { type Capacity, capacities } from '../../backup/estimate.ts'
import { isGood } from '../../backup/retention.ts'
import { targetOf } from '../../backup/targets.ts'
import { type DiskSpace, diskSpace } from '../../io/disk-space.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { BackupFolder } from './look.ts'

export interface Estimate {
  readonly databases: readonly { readonly name: string; readonly sizeBytes: number }[]
  /** Of one archive; from the last one, or guessed from the databases where there is none. */
  readonly archiveBytes: number
  readonly isGuessed: boolean
  readonly nowArchives: number
  readonly nowBytes: number
  readonly disk: DiskSpace
  readonly later: readonly Capacity[]
}

/** Archives of records and dumps are usually a third of the database. */
const GUESSED_SHARE = 1 / 3

/** @param everyMs the time between two backups @throws UnreachableError when a database does not answer */
export async function estimate(workspace: Workspace, { folder }: BackupFolder, everyMs: number): Promise<Estimate> {
  const { backup, sources } = workspace.config
  const databases: { name: string; sizeBytes: number }[] = []
  for (const config of sources) {
    const { dumps } = await targetOf(workspace, config)
    databases.push({ name: config.name, sizeBytes: await dumps.sizeBytes() })
  }
  const entries = (await readCatalogue(folder)).filter(isGood)
  const last = entries.at(-1)
  const total = databases.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const archiveBytes = last?.sizeBytes ?? Math.ceil(total * GUESSED_SHARE)
  const rules = { keep: backup.keep, sources: {}, byTrigger: true }
  return {
    databases,
    archiveBytes,
    isGuessed: last === undefined,
    nowArchives: entries.length,
    nowBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    disk: await diskSpace(folder),
    later: capacities(rules, { everyMs, sizeBytes: archiveBytes, nowMs: workspace.invocation.nowMs() }),
  }
}
