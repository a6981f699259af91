/** What this clone knows of its copies without asking anybody: from the records of runs and what git last heard of the remote. */
import { readHead } from '../git/head.ts'
import { remoteOf } from '../git/remote.ts'
import { endedWell, sinceLastGood } from '../health/jobs.ts'
import type { KnownCopies } from '../report/copies.ts'
import { type JobRun, runsOf } from '../workspace/runs.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** The copies; undefined where there is neither mirror nor backup. */
export async function knownCopies(workspace: Workspace): Promise<KnownCopies | undefined> {
  const nowMs = workspace.invocation.nowMs()
  const mirrored = (await runsOf(workspace, 'mirror')).at(-1)
  const backups = await runsOf(workspace, 'backup')
  if (mirrored === undefined && backups.length === 0) return undefined
  const moved: JobRun[] = []
  for (const job of ['sync', 'push', 'pull', 'mirror']) moved.push(...(await runsOf(workspace, job)))
  const lastBackup = backups.at(-1)
  const backupAge = sinceLastGood(backups, nowMs)
  return {
    mirror: mirrored === undefined ? undefined : sidesOf(workspace, mirrored),
    remote: await remoteState(workspace),
    syncAgeMs: sinceLastGood(
      moved.toSorted((a, b) => Date.parse(a.ended) - Date.parse(b.ended)),
      nowMs,
    ),
    backup:
      backupAge === undefined || lastBackup === undefined
        ? undefined
        : { ageMs: backupAge, isWell: endedWell(lastBackup) && backupAge <= workspace.config.health.backupAgeMs },
  }
}

/** Both sides as the last run left them. A run that ended with 0 left them equal. */
function sidesOf({ repository }: Workspace, { figures, exitCode }: JobRun): KnownCopies['mirror'] {
  const { files, sizeBytes = 0, mirrorFiles, mirrorSizeBytes } = figures
  if (files === undefined) return undefined
  return {
    primary: { name: repository.root, files, sizeBytes },
    mirror: { name: 'mirror', files: mirrorFiles ?? files, sizeBytes: mirrorSizeBytes ?? sizeBytes },
    isEqual: exitCode === 0,
  }
}

async function remoteState({ repository }: Workspace): Promise<KnownCopies['remote']> {
  const { branch } = await readHead(repository)
  const name = await remoteOf(repository, branch)
  if (name === undefined || branch === undefined) return undefined
  const tracking = `refs/remotes/${name}/${branch}`
  const count = await repository.git(['rev-list', '--count', 'HEAD', '--not', tracking], { answers: [128] })
  return { name, missing: Number(count || 0) }
}
