/** Tells a service in the manner of healthchecks.io that a job begins, succeeded or failed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../config/schedule.ts'
import { logLine } from '../io/log.ts'
import { filledOption, isOutwardApproved } from '../workspace/outward.ts'
import type { Workspace } from '../workspace/workspace.ts'

const LIMIT_MS = 10_000

const TRIES = 3

const SUFFIX = { start: '/start', success: '', fail: '/fail' } as const

/** Sends it, three times at most. Never throws: a job does not fail because nobody heard of it. */
export async function ping(workspace: Workspace, job: Job, what: keyof typeof SUFFIX): Promise<void> {
  const template = workspace.config.health.ping[job]
  if (template === undefined || !isOutwardApproved(workspace)) return
  try {
    const address = new URL(filledOption(workspace, template, `health.ping of ${job}`))
    address.pathname = `${address.pathname.replace(/\/$/, '')}${SUFFIX[what]}`
    await get(address, TRIES)
  } catch (error) {
    // the address is a secret of a kind, and is left out
    const why = error instanceof Error ? error.name : 'no answer'
    await logLine(workspace.dataDir, workspace.invocation.nowMs(), `WARNING ping of ${job} (${what}) failed: ${why}`)
  }
}

async function get(address: URL, tries: number): Promise<void> {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(LIMIT_MS), redirect: 'error' })
    await answer.arrayBuffer()
    if (answer.status >= 500) throw new Error(`status ${answer.status}`)
  } catch (error) {
    if (tries <= 1) throw error
    await sleep(1_000)
    await get(address, tries - 1)
  }
}
