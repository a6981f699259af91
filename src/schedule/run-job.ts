/**
 * Runs a job of the schedule: our own program as a child, one at a time for each job, for a limited time, and again after a while where that may help. Whatever becomes of it is
 * recorded; what failed stays in the queue.
 */
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { redactUrl } from '../config/redact.ts'
import type { Job } from '../config/schedule.ts'
import { type BoundedAnswer, runBounded } from '../io/bounded-child.ts'
import { withLock } from '../io/lock.ts'
import { logLine } from '../io/log.ts'
import { LockedError } from '../model/errors.ts'
import { lastScheduled } from '../workspace/installed-schedule.ts'
import { putIntoQueue, queuedWork, takeFromQueue } from '../workspace/queue.ts'
import { recordRun, runsOf } from '../workspace/runs.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { REFUSED_MS, failureKind, isDone, waitMs } from './failure.ts'
import { LIMIT_MS } from './units.ts'

const COMMANDS: Readonly<Record<Job, readonly string[]>> = {
  sync: ['sync'],
  mirror: ['mirror', 'run', '--quiet'],
  backup: ['backup', 'create', '--trigger', 'schedule'],
  prune: ['backup', 'prune'],
  copy: ['backup', 'copy'],
  drill: ['backup', 'drill'],
  health: ['health'],
}

/** How a job is started. */
export interface JobStart {
  /** Path of Node and of the program. */
  readonly program: readonly string[]
  /** `schedule`, or `user` for a retry by hand, which waits for nothing. */
  readonly trigger: string
}

/** How it ended. `busy`: another run of it is at work; `waits`: a login was refused a short while ago. */
export interface JobOutcome {
  readonly job: Job
  readonly state: 'done' | 'failed' | 'busy' | 'waits'
  readonly exitCode: number
  readonly message: string
  /** True when all tries in a row were used up, so that somebody should be told. */
  readonly isTold: boolean
}

/** Runs the job, with all its tries. */
export async function runJob(workspace: Workspace, job: Job, start: JobStart): Promise<JobOutcome> {
  try {
    const folder = path.join(workspace.dataDir, 'schedule', `lock-${job}`)
    return await withLock(folder, 0, () => runLocked(workspace, job, start))
  } catch (error) {
    if (!(error instanceof LockedError)) throw error
    return { job, state: 'busy', exitCode: 6, message: `${job} is still running`, isTold: false }
  }
}

async function runLocked(workspace: Workspace, job: Job, start: JobStart): Promise<JobOutcome> {
  const { invocation, config } = workspace
  const queued = (await queuedWork(workspace)).find(({ name }) => name === job)
  const isEarly = invocation.nowMs() - Date.parse(queued?.lastTried ?? '1970-01-01') < REFUSED_MS
  if (queued?.kind === 'refused' && isEarly && start.trigger === 'schedule') {
    const message = `waits an hour after a refusal, so that no account is locked (tandem queue retry ${job}): ${queued.message}`
    return { job, state: 'waits', exitCode: queued.exitCode, message, isTold: true }
  }
  await lastScheduled(workspace, job).write(invocation.nowMs())
  for (;;) {
    const tried = await tryOnce(workspace, job, start)
    if (tried.kind === undefined) return { job, state: 'done', ...tried.told, isTold: false }
    const failed = { name: job, kind: tried.kind, ...tried.told }
    const entry = await putIntoQueue(workspace, failed, { nowMs: invocation.nowMs(), attempts: config.queue.attempts })
    if (entry.isTold) return { job, state: 'failed', ...tried.told, isTold: true }
    await sleep(waitMs(config.queue.firstMs, entry.attempts, Math.random()))
  }
}

interface Tried {
  readonly told: ToldEnd
  /** undefined: it did its work. */
  readonly kind: ReturnType<typeof failureKind> | undefined
}

async function tryOnce(workspace: Workspace, job: Job, { program, trigger }: JobStart): Promise<Tried> {
  const { invocation, repository, dataDir } = workspace
  const started = invocation.nowMs()
  const words = [...program, ...COMMANDS[job], '-C', repository.root, '--json', '--yes']
  const environment = { ...repository.place.environment, TANDEM_TRIGGER: trigger }
  const answer = await runBounded(words, { cwd: repository.root, environment, limitMs: LIMIT_MS[job] })
  const { code, ...told } = toldBy(job, answer)
  const done = isDone(job, told.exitCode)
  const seconds = Math.round((invocation.nowMs() - started) / 1000)
  const name = `${job.charAt(0).toUpperCase()}${job.slice(1)}`
  const line = done ? `${name} process completed (${seconds} s): ${told.message}` : `ERROR ${job}: ${told.message}`
  await logLine(dataDir, invocation.nowMs(), line)
  await recordUnlessTold(workspace, job, { started, trigger, told })
  if (done) await takeFromQueue(workspace, job)
  return { told, kind: done ? undefined : failureKind(told.exitCode, told.message, code) }
}

/** The command records its run itself, unless it was ended, or could not even start. */
async function recordUnlessTold(
  workspace: Workspace,
  job: Job,
  { started, trigger, told }: { readonly started: number; readonly trigger: string; readonly told: ToldEnd },
): Promise<void> {
  const last = (await runsOf(workspace, job)).at(-1)
  if (last !== undefined && Date.parse(last.started) >= started) return
  const ended = new Date(workspace.invocation.nowMs()).toISOString()
  await recordRun(workspace, job, { trigger, started: new Date(started).toISOString(), ended, ...told, figures: {} })
}

interface ToldEnd {
  readonly exitCode: number
  readonly message: string
}

/** What of its one JSON value is read. */
interface CommandValue {
  readonly error?: { readonly code?: string; readonly message?: string }
  readonly failures?: readonly { readonly code?: string; readonly message?: string }[]
  readonly held?: readonly string[]
}

function toldBy(job: Job, answer: BoundedAnswer): ToldEnd & { readonly code: string | undefined } {
  if (answer.isOverTime)
    return { exitCode: 7, code: undefined, message: `ended after ${LIMIT_MS[job] / 60_000} minutes, its limit` }
  const value = valueOf(answer.stdout)
  const failure = value.error ?? value.failures?.[0]
  const isFailed = !isDone(job, answer.code)
  const lastLine = answer.stderr.trim().split('\n').at(-1) ?? ''
  const message = failure?.message ?? (isFailed ? (value.held?.[0] ?? lastLine) : 'done')
  // a signal ended it, or it could not be started
  return { exitCode: answer.code < 0 ? 7 : answer.code, code: failure?.code, message: withoutSecrets(message) }
}

function valueOf(stdout: string): CommandValue {
  try {
    return JSON.parse(stdout) as CommandValue
  } catch {
    return {}
  }
}

/** One line, in which URLs show no password. */
function withoutSecrets(text: string): string {
  return text
    .replaceAll(/\s*\n\s*/g, ' | ')
    .replaceAll(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, redactUrl)
    .slice(0, 500)
}
