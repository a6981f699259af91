/** What the tests of schedules share: a configuration changed and approved, a job run as the system runs it, a remote that is gone, a web server that notes what it gets. */
import { rename } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import type { Asset } from './asset.ts'
import type { TwoAssets } from './two-assets.ts'

/** Adds words to the configuration, as a person does, and approves them. */
export async function configure(a: Asset, words: Readonly<Record<string, unknown>>): Promise<void> {
  const before = JSON.parse(await a.read('tandem.config.json')) as object
  await a.write('tandem.config.json', JSON.stringify({ ...before, ...words }, undefined, 2))
  expect((await a.tandem('init', '--yes')).code).toBe(0)
}

/** How a job ended. */
export interface ScheduledJob {
  readonly job: string
  readonly state: string
  readonly exitCode: number
  readonly message: string
}

/** Runs a job as the system's scheduler does. */
export async function runJob(a: Asset, job: string): Promise<ScheduledJob> {
  const answer = await a.tandem('schedule', 'run', job, '--json')
  return (JSON.parse(answer.stdout) as { jobs: readonly [ScheduledJob] }).jobs[0]
}

/** The remote is gone, and comes back. */
export async function withoutRemote(assets: TwoAssets, work: () => Promise<void>): Promise<void> {
  await rename(assets.remote, `${assets.remote}.away`)
  try {
    await work()
  } finally {
    await rename(`${assets.remote}.away`, assets.remote)
  }
}

export interface Received {
  readonly path: string
  readonly body: string
}

/** A web server that notes what it gets and answers with the statuses given, 200 after the last. */
export async function webServer(
  ...statuses: number[]
): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      received.push({ path: request.url ?? '', body })
      response.writeHead(statuses.shift() ?? 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}
