/** `tandem backup prune` and `accept`: removes the archives that no policy wants, as far as nothing is suspicious. */
import {
  readCatalogue,
  removeArchive,
  updateCatalogue,
  writeCatalogue,
  type CatalogueEntry,
  findEntry,
  GONE,
} from '../../backup/catalogue.ts'
import { withFolder } from '../../backup/place.ts'
import { type RetentionPlan, type RetentionRules, isGood, planRetention } from '../../backup/retention.ts'
import { policyOf } from '../../config/backup.ts'
import { UsageError } from '../../model/errors.ts'
import { recordRun } from '../../workspace/runs.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { log } from './create.ts'
import type { BackupFolder } from './look.ts'

export interface PruneRequest {
  /** Only so many of the newest stay, in place of the configured policy; the seed's `cleanup --keep N`. */
  readonly keep: number | undefined
  /** Only what is not older than so many days stays; the seed's RETENTION_DAYS. */
  readonly days: number | undefined
  /** Damaged archives go too, as long as a good one stays. */
  readonly damaged: boolean
  readonly trigger: string
}

/** What was or would be removed. */
export interface Pruned extends RetentionPlan {
  readonly freedBytes: number
}

const WAIT_MS = 1_000

/** Removes what the policy does not want; a dry run removes nothing. @throws LockedError */
export async function pruneBackups(
  workspace: Workspace,
  { folder }: BackupFolder,
  request: PruneRequest,
): Promise<Pruned> {
  if (workspace.invocation.dryRun) return planIn(workspace, await readCatalogue(folder), request)
  const startedMs = workspace.invocation.nowMs()
  const pruned = await withFolder(folder, WAIT_MS, async () => {
    const entries = await readCatalogue(folder)
    const plan = planIn(workspace, entries, request)
    for (const file of plan.remove) await removeArchive(folder, file)
    const gone = new Set(plan.remove)
    await writeCatalogue(
      folder,
      entries.filter(({ file, problem }) => !gone.has(file) && problem !== GONE),
    )
    return plan
  })
  const message = `${pruned.remove.length} removed, ${pruned.keep.size} kept`
  await log(workspace, folder, [
    ...pruned.held.map((line) => `ERROR backup prune: ${line}`),
    `Backup prune: ${message}`,
  ])
  await recordRun(workspace, 'prune', {
    trigger: request.trigger,
    started: new Date(startedMs).toISOString(),
    ended: new Date(workspace.invocation.nowMs()).toISOString(),
    exitCode: pruned.held.length > 0 ? 1 : 0,
    message: pruned.held[0] ?? message,
    figures: { removed: pruned.remove.length, kept: pruned.keep.size, freedBytes: pruned.freedBytes },
  })
  return pruned
}

function planIn(workspace: Workspace, entries: readonly CatalogueEntry[], request: PruneRequest): Pruned {
  const present = entries.filter(({ problem }) => problem !== GONE)
  const plan = planRetention(present, rulesFor(workspace, request), workspace.invocation.nowMs())
  const damaged = request.damaged && present.some(isGood) ? present.filter(({ problem }) => problem !== undefined) : []
  const remove = [...plan.remove, ...damaged.map(({ file }) => file)]
  const keep = new Map([...plan.keep].filter(([file]) => !remove.includes(file)))
  const freed = present.filter(({ file }) => remove.includes(file)).map(({ sizeBytes }) => Math.max(sizeBytes, 0))
  return { ...plan, keep, remove, freedBytes: freed.reduce((sum, size) => sum + size, 0) }
}

function rulesFor({ config }: Workspace, { keep, days }: PruneRequest): RetentionRules {
  if (keep === undefined && days === undefined)
    return { keep: config.backup.keep, sources: config.backup.sources, byTrigger: true }
  const within = days === undefined ? {} : { within: `${days}d` }
  return { keep: policyOf({ ...within, last: keep ?? 0, minimum: 1 }), sources: {}, byTrigger: false }
}

/** Says that the few records of a backup are meant, so that it counts from now on. Without a name: the newest suspicious one. @throws UsageError when there is none */
export async function acceptBackup(
  { folder, invocation }: BackupFolder,
  word: string | undefined,
): Promise<CatalogueEntry> {
  return withFolder(folder, WAIT_MS, async () => {
    const entries = await readCatalogue(folder)
    const entry =
      word === undefined ? entries.findLast(({ suspect }) => suspect !== undefined) : findEntry(entries, word, folder)
    if (entry?.suspect === undefined)
      throw new UsageError('no backup is suspicious', { hint: 'tandem backup list shows them.' })
    const { suspect: _accepted, ...accepted } = entry
    if (!invocation.dryRun) await updateCatalogue(folder, [accepted])
    return accepted
  })
}
