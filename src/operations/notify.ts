/** `tandem notify`, and what tells people by itself: incidents are observed, then each channel is told what it does not know yet. */
import path from 'node:path'
import { lastSlotMs } from '../config/when.ts'
import { channelsOf, failureWords } from '../health/channels.ts'
import type { HealthCheck } from '../health/check.ts'
import {
  type Incident,
  type Message,
  type Observation,
  deliver,
  incidentMessage,
  observe,
  undelivered,
  weeklyMessage,
  withoutSettled,
} from '../health/incidents.ts'
import { withLock } from '../io/lock.ts'
import { logLine } from '../io/log.ts'
import { GuardError, UsageError } from '../model/errors.ts'
import type { JobOutcome } from '../schedule/run-job.ts'
import { type Memory, memory } from '../workspace/memory.ts'
import { isOutwardApproved } from '../workspace/outward.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** What the notifications remember from run to run. */
interface NotifyState {
  readonly incidents: readonly Incident[]
  /** Channel → why the last message did not get there. */
  readonly failures: Readonly<Record<string, string>>
  /** Channel → up to when its weekly messages are sent, in milliseconds since 1970. */
  readonly weekly: Readonly<Record<string, number>>
}

const NOTHING: NotifyState = { incidents: [], failures: {}, weekly: {} }

function stateOf(workspace: Workspace): Memory<NotifyState> {
  return memory<NotifyState>(workspace, 'notify/state.json', NOTHING)
}

/** The checks of the last `tandem health` in this clone. */
export function lastChecks(workspace: Workspace): Memory<readonly HealthCheck[]> {
  return memory<readonly HealthCheck[]>(workspace, 'notify/checks.json', [])
}

/** How long a job waits for another one that is telling. */
const WAIT_MS = 120_000

/** Tells what the end of a scheduled job changed: of `health` all that it found, of another job whether it works. */
export async function tellOfJob(workspace: Workspace, outcome: JobOutcome): Promise<void> {
  const at = new Date(workspace.invocation.nowMs()).toISOString()
  await withLock(path.join(workspace.dataDir, 'notify'), WAIT_MS, async () => {
    const observation = await observationOf(workspace, outcome, at)
    const state = stateOf(workspace)
    const before = await state.read()
    const incidents = observe(before.incidents, observation)
    await state.write({ ...before, incidents })
    await state.write(await tellAll(workspace, { ...before, incidents }))
  })
}

async function observationOf(workspace: Workspace, outcome: JobOutcome, at: string): Promise<Observation> {
  const id = `job: ${outcome.job}`
  if (outcome.state === 'failed') {
    const troubles = [{ id, message: outcome.message, next: 'Run: tandem queue retry' }]
    return { at, troubles: outcome.isTold ? troubles : [], judges: () => false }
  }
  if (outcome.job !== 'health') return { at, troubles: [], judges: (each) => each === id }
  const failed = (await lastChecks(workspace).read()).filter(({ status }) => status === 'fail')
  return { at, troubles: failed.map(({ name, message, next }) => ({ id: name, message, next })), judges: () => true }
}

/** Sends what each channel does not know. What could not be sent stays to be sent. */
async function tellAll(workspace: Workspace, state: NotifyState): Promise<NotifyState> {
  if (!isOutwardApproved(workspace)) return state
  const channels = channelsOf(workspace)
  let { incidents, failures, weekly } = state
  for (const { name, send } of channels) {
    const news = undelivered(incidents, name)
    const slot = weeklySlot(workspace, weekly[name])
    weekly = { ...weekly, [name]: weekly[name] ?? workspace.invocation.nowMs() }
    try {
      if (news.length > 0) await send(incidentMessage(workspace.asset, news))
      incidents = deliver(incidents, name, news)
      if (slot !== undefined) await send(weeklyMessage(workspace.asset, incidents))
      if (slot !== undefined) weekly = { ...weekly, [name]: slot }
      failures = Object.fromEntries(Object.entries(failures).filter(([each]) => each !== name))
    } catch (error) {
      failures = { ...failures, [name]: failureWords(error) }
      await logLine(workspace.dataDir, workspace.invocation.nowMs(), `WARNING not told: ${failures[name]}`)
    }
  }
  const names = channels.map(({ name }) => name)
  return { incidents: withoutSettled(incidents, names), failures, weekly }
}

/** The moment of the weekly message that is due; undefined when none is. */
function weeklySlot({ config, invocation }: Workspace, sentMs: number | undefined): number | undefined {
  const when = config.notify.weekly
  if (when === undefined || sentMs === undefined) return undefined
  const slot = lastSlotMs(when, invocation.nowMs())
  return slot > sentMs ? slot : undefined
}

export interface ChannelState {
  readonly name: string
  /** Why the last message did not get there; undefined: it did. */
  readonly failure: string | undefined
  /** Incidents of which it has to be told. */
  readonly waiting: number
}

export interface NotifyStatus {
  readonly isApproved: boolean
  readonly incidents: readonly Incident[]
  readonly channels: readonly ChannelState[]
}

/** `tandem notify status`. */
export async function notifyStatus(workspace: Workspace): Promise<NotifyStatus> {
  const { incidents, failures } = await stateOf(workspace).read()
  const channels = channelsOf(workspace).map(({ name }) => ({
    name,
    failure: failures[name],
    waiting: undelivered(incidents, name).length,
  }))
  return { isApproved: isOutwardApproved(workspace), incidents, channels }
}

/** `tandem notify test`: a message to every channel. @throws UsageError without channels, GuardError when they are not approved in this clone */
export async function notifyTest(workspace: Workspace): Promise<readonly ChannelState[]> {
  const channels = channelsOf(workspace)
  if (channels.length === 0)
    throw new UsageError('nobody is configured to be told', { hint: 'See "notify" in docs/health.md.' })
  if (!isOutwardApproved(workspace))
    throw new GuardError('the configuration sends elsewhere than approved in this clone', {
      hint: 'Look at "notify" and "health" in tandem.config.json, then run: tandem init',
    })
  const results: ChannelState[] = []
  for (const { name, send } of channels) {
    const failure = workspace.invocation.dryRun ? undefined : await attempt(() => send(testMessage(workspace)))
    results.push({ name, failure, waiting: 0 })
  }
  return results
}

function testMessage({ asset, repository }: Workspace): Message {
  return {
    subject: `tandem on ${asset}: a test`,
    lines: [`Notifications of ${repository.root} arrive.`],
    incidents: [],
  }
}

async function attempt(send: () => Promise<void>): Promise<string | undefined> {
  try {
    await send()
    return undefined
  } catch (error) {
    return failureWords(error)
  }
}
