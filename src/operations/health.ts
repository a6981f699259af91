/** `tandem health`: is everything as it should be, so that a lost disk, database or machine costs nothing? Looks only; what it finds is told by `notify`. */
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { type HealthCheck, alarm } from '../health/check.ts'
import { checkMirroredDatabases, copyFolders } from '../health/copies.ts'
import { checkDatabases } from '../health/databases.ts'
import { type WatchedFolder, checkDataDirectory, checkDisk } from '../health/disk.ts'
import { type AssetLag, checkAssets } from '../health/heartbeat.ts'
import { type JudgedJob, checkJob } from '../health/jobs.ts'
import { checkLog, checkQueue, checkSchedule } from '../health/machinery.ts'
import { metricsText } from '../health/metrics.ts'
import { checkExports, checkHead, checkRemote } from '../health/repository.ts'
import { JOBS } from '../config/schedule.ts'
import { overdueMs } from '../config/when.ts'
import { type InstalledSchedule, installedSchedule } from '../workspace/installed-schedule.ts'
import { lastChecks } from './notify.ts'
import { isOutwardApproved } from '../workspace/outward.ts'
import { queuedWork } from '../workspace/queue.ts'
import { type JobRun, recordRun, runsOf } from '../workspace/runs.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface Health {
  /** No alarm. */
  readonly ok: boolean
  readonly checks: readonly HealthCheck[]
  readonly lags: readonly AssetLag[]
}

const HOUR_MS = 3_600_000

/** Looks at everything, writes the metrics, and records the run. */
export async function health(workspace: Workspace): Promise<Health> {
  const { invocation, config } = workspace
  const started = invocation.nowMs()
  const installed = await installedSchedule(workspace).read()
  const runs = await allRuns(workspace)
  const assets = await checkAssets(workspace)
  const disks: HealthCheck[] = []
  const copies = copyFolders(workspace)
  for (const folder of [...watchedFolders(workspace), ...copies])
    disks.push(await checkDisk(folder, config.health.diskFree))
  for (const wanted of config.health.dataDirectories)
    disks.push(await checkDataDirectory(workspace.repository.root, wanted))
  const checks = [
    ...disks,
    ...checkMirroredDatabases(workspace, copies),
    ...(await checkDatabases(workspace)),
    await checkHead(workspace),
    await checkRemote(workspace),
    await checkExports(workspace),
    ...judgedJobs(workspace, { runs, installed }).map((job) => checkJob(job, invocation.nowMs())),
    ...(await checkSchedule(workspace, installed)),
    await checkQueue(workspace),
    await checkLog(workspace),
    ...assets.checks,
    ...checkOutward(workspace),
  ]
  const found = { ok: checks.every(({ status }) => status !== 'fail'), checks, lags: assets.lags }
  await writeMetrics(workspace, found, runs)
  await lastChecks(workspace).write(checks)
  const failed = checks.filter(({ status }) => status === 'fail')
  await recordRun(workspace, 'health', {
    trigger: invocation.environment['TANDEM_TRIGGER'] ?? 'user',
    started: new Date(started).toISOString(),
    ended: new Date(invocation.nowMs()).toISOString(),
    exitCode: found.ok ? 0 : 1,
    message: found.ok ? 'well' : failed.map(({ name }) => name).join(', '),
    figures: { checks: checks.length, failed: failed.length },
  })
  return found
}

/** The folders whose disks are looked at. */
function watchedFolders({ repository, dataDir }: Workspace): readonly WatchedFolder[] {
  const { root } = repository
  return dataDir.startsWith(root)
    ? [{ name: 'primary', path: root }]
    : [
        { name: 'primary', path: root },
        { name: 'git', path: dataDir },
      ]
}

/** The jobs that have records, among them pushes and pulls of hooks. */
async function allRuns(workspace: Workspace): Promise<ReadonlyMap<string, readonly JobRun[]>> {
  const names = [...JOBS.filter((job) => job !== 'health'), 'push', 'pull']
  const all = await Promise.all(names.map(async (name) => [name, await runsOf(workspace, name)] as const))
  return new Map(all.filter(([, runs]) => runs.length > 0))
}

/** Which jobs are judged, and how old their newest run may be. */
function judgedJobs(
  { config }: Workspace,
  at: {
    readonly runs: ReadonlyMap<string, readonly JobRun[]>
    readonly installed: InstalledSchedule | null
  },
): readonly JudgedJob[] {
  const { runs, installed } = at
  const isScheduled = (job: string): boolean => installed?.jobs.some((each) => each === job) === true
  const moved = ['sync', 'push', 'pull'].flatMap((name) => runs.get(name) ?? [])
  const syncAge = config.health.syncAgeMs ?? (isScheduled('sync') ? HOUR_MS : undefined)
  const sync = { name: 'sync', runs: moved.toSorted(byEnd), mostMs: syncAge, command: 'tandem sync' }
  const others = JOBS.filter((job) => job !== 'sync' && job !== 'health').flatMap((name): JudgedJob[] => {
    const when = isScheduled(name) ? config.schedule.get(name) : undefined
    const own = runs.get(name) ?? []
    const isBackup = name === 'backup' && (own.length > 0 || config.words.includes('backup'))
    const mostMs = isBackup ? config.health.backupAgeMs : when === undefined ? undefined : overdueMs(when)
    return own.length === 0 && !isBackup && when === undefined
      ? []
      : [{ name, runs: own, mostMs, command: COMMANDS[name] }]
  })
  return [...(moved.length > 0 || syncAge !== undefined ? [sync] : []), ...others]
}

/** By when they ended. */
function byEnd(a: JobRun, b: JobRun): number {
  return Date.parse(a.ended) - Date.parse(b.ended)
}

const COMMANDS = {
  mirror: 'tandem mirror run',
  backup: 'tandem backup create',
  prune: 'tandem backup prune',
  copy: 'tandem backup copy',
  drill: 'tandem backup drill',
} as const

function checkOutward(workspace: Workspace): readonly HealthCheck[] {
  if (isOutwardApproved(workspace)) return []
  return [
    alarm(
      'notify',
      'the configuration sends elsewhere than approved in this clone, so nobody is told',
      'Look at "notify" and "health" in tandem.config.json, then run: tandem init',
    ),
  ]
}

/** @throws nothing: a file that cannot be written is a finding of the next run */
async function writeMetrics(
  workspace: Workspace,
  { checks, lags }: Health,
  runs: ReadonlyMap<string, readonly JobRun[]>,
): Promise<void> {
  const { metrics } = workspace.config.health
  if (metrics === undefined || !isOutwardApproved(workspace) || workspace.invocation.dryRun) return
  const queued = (await queuedWork(workspace)).length
  const text = metricsText({ nowMs: workspace.invocation.nowMs(), checks, lags, runs, queued })
  await writeAtomically(path.resolve(workspace.repository.root, metrics), text)
}
