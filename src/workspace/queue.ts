/**
 * The queue of failed work: one entry for each command that has to be run again. It is a file for each, so that it outlives every process, and two jobs never write the same one.
 */
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { memory } from './memory.ts'
import type { Workspace } from './workspace.ts'

/** `again`: it may work the next time. `person`: somebody has to act first, and it is tried at its usual time. `refused`: as `person`, and trying often may lock an account, so it is tried once an hour. */
export type FailureKind = 'again' | 'person' | 'refused'

export interface QueuedWork {
  /** The name of the work: a job of the schedule, or `apply`, left by a hook. */
  readonly name: string
  readonly kind: FailureKind
  /** ISO 8601. */
  readonly since: string
  readonly lastTried: string
  readonly attempts: number
  readonly exitCode: number
  /** Why it failed the last time. */
  readonly message: string
  /** True once all tries in a row were used up: then it is an incident. */
  readonly isTold: boolean
}

/** All entries, the oldest first. */
export async function queuedWork(workspace: Pick<Workspace, 'dataDir'>): Promise<readonly QueuedWork[]> {
  const names = await readdir(folderOf(workspace)).catch(() => [])
  const entries = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map((name) => memory<QueuedWork | null>(workspace, `queue/${name}`, null).read()),
  )
  return entries
    .filter((each): each is QueuedWork => typeof each?.name === 'string')
    .sort((a, b) => (a.since < b.since ? -1 : 1))
}

/** Puts failed work into the queue, or counts another try of it. Returns the entry. */
export async function putIntoQueue(
  workspace: Pick<Workspace, 'dataDir'>,
  failed: Pick<QueuedWork, 'name' | 'kind' | 'exitCode' | 'message'>,
  at: { readonly nowMs: number; readonly attempts: number },
): Promise<QueuedWork> {
  const file = memory<QueuedWork | null>(workspace, `queue/${failed.name}.json`, null)
  const before = await file.read()
  const now = new Date(at.nowMs).toISOString()
  const attempts = (before?.attempts ?? 0) + 1
  const isTold = failed.kind !== 'again' || attempts >= at.attempts
  const entry = { ...failed, since: before?.since ?? now, lastTried: now, attempts, isTold }
  await file.write(entry)
  return entry
}

/** Takes work out of the queue: it is done, or nobody wants it. True when it was there. */
export async function takeFromQueue(workspace: Pick<Workspace, 'dataDir'>, name: string): Promise<boolean> {
  const before = (await queuedWork(workspace)).some((each) => each.name === name)
  if (before) await rm(path.join(folderOf(workspace), `${name}.json`), { force: true })
  return before
}

function folderOf({ dataDir }: Pick<Workspace, 'dataDir'>): string {
  return path.join(dataDir, 'queue')
}
