/**
 * Signs of life between assets, without a service: each scheduled run pushes `refs/tandem/heartbeat/ASSET`, a small JSON blob, and the health of the other assets raises the alarm
 * when it grows old. Only these refs are fetched for it.
 */
import { readHead } from '../git/head.ts'
import { askRemote, remoteOf } from '../git/remote.ts'
import { moveOwnRefs } from '../git/own-refs.ts'
import { printable } from '../config/printable.ts'
import { memory } from '../workspace/memory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type HealthCheck, alarm, well } from './check.ts'
import { ago } from './jobs.ts'

const PREFIX = 'refs/tandem/heartbeat/'

/** Pushed no oftener, unless health has changed: each leaves an object with the remote. */
const SPARING_MS = 10 * 60_000

/** What an asset says of itself. */
export interface Heartbeat {
  readonly asset: string
  /** ISO 8601. */
  readonly at: string
  /** The tree of its exports, by which two assets see that they agree. */
  readonly exports: string
  readonly isWell: boolean
}

/** Pushes this asset's sign of life. Returns why it could not, in words; undefined: pushed, or pushed a moment ago. */
export async function beat(workspace: Workspace, isWell: boolean): Promise<string | undefined> {
  const { repository, invocation, asset } = workspace
  const { branch } = await readHead(repository)
  const remote = await remoteOf(repository, branch)
  if (remote === undefined) return undefined
  const last = memory(workspace, 'heartbeat.json', { ms: 0, isWell })
  const before = await last.read()
  if (before.isWell === isWell && invocation.nowMs() - before.ms < SPARING_MS) return undefined
  const heartbeat = {
    asset,
    at: new Date(invocation.nowMs()).toISOString(),
    exports: await exportsTree(workspace),
    isWell,
  }
  const blob = await repository.git(['hash-object', '-w', '--stdin'], { input: JSON.stringify(heartbeat) })
  const ref = `${PREFIX}${refName(asset)}`
  await moveOwnRefs(repository, [`update ${ref} ${blob}`])
  const answer = await askRemote(repository, ['push', '--quiet', '--no-verify', remote, `+${ref}:${ref}`])
  if (answer.code !== 0) return answer.stderr.trim().split('\n').at(-1) ?? 'the push failed'
  await last.write({ ms: invocation.nowMs(), isWell })
  return undefined
}

/** An asset's name as a part of a ref. */
function refName(asset: string): string {
  return asset.replace(/[^A-Za-z0-9_-]/g, '-') || 'asset'
}

async function exportsTree({ repository, config }: Workspace): Promise<string> {
  return repository.git(['rev-parse', '--verify', '--quiet', `HEAD:${config.exports}`], { answers: [1, 128] })
}

/** Another asset, and how far it is behind or ahead of this one. */
export interface AssetLag {
  readonly asset: string
  readonly lastSeen: string
  /** ISO time at which both had the same exports; undefined: not seen so far. */
  readonly lastAgreed: string | undefined
}

/** Fetches the signs of life of all assets, and judges those of the others. Without an answer of the remote the last ones count. */
export async function checkAssets(
  workspace: Workspace,
): Promise<{ readonly checks: readonly HealthCheck[]; readonly lags: readonly AssetLag[] }> {
  const { repository } = workspace
  const remote = await remoteOf(repository, (await readHead(repository)).branch)
  if (remote !== undefined) {
    const own = refName(workspace.asset)
    const args = [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      remote,
      `+${PREFIX}*:${PREFIX}*`,
      `^${PREFIX}${own}`,
    ]
    await askRemote(repository, args)
  }
  const agreed = memory<Readonly<Record<string, string>>>(workspace, 'agreed.json', {})
  const known: Record<string, string> = { ...(await agreed.read()) }
  const tree = await exportsTree(workspace)
  const others = (await heartbeats(workspace)).filter(({ asset }) => asset !== workspace.asset)
  for (const { asset, at, exports } of others) if (tree !== '' && exports === tree) known[asset] = at
  await agreed.write(known)
  const lags = others.map(({ asset, at }) => ({ asset, lastSeen: at, lastAgreed: known[asset] }))
  return { checks: others.map((each) => checkAsset(workspace, each, known[each.asset])), lags }
}

function checkAsset(
  { invocation, config }: Workspace,
  { asset, at, isWell }: Heartbeat,
  agreed: string | undefined,
): HealthCheck {
  const name = `asset: ${asset}`
  const since = (time: string): number => Math.max(0, invocation.nowMs() - Date.parse(time))
  const agreement = agreed === undefined ? 'not seen to agree yet' : `last agreed ${ago(since(agreed))}`
  const words = `last sign of life ${ago(since(at))}; ${agreement}`
  if (since(at) > config.health.assetAgeMs)
    return alarm(name, words, `Look after ${asset}: tandem health and tandem schedule status there.`)
  if (!isWell) return alarm(name, `something is wrong there; ${words}`, `On ${asset}: tandem health`)
  return well(name, words)
}

async function heartbeats({ repository }: Workspace): Promise<readonly Heartbeat[]> {
  const listing = await repository.git(['for-each-ref', '--format=%(objecttype) %(objectsize) %(objectname)', PREFIX])
  const found: Heartbeat[] = []
  for (const line of listing.split('\n').filter(Boolean)) {
    const [type, size, id = ''] = line.split(' ')
    if (type !== 'blob' || Number(size) > 4096) continue
    const heartbeat = readHeartbeat(await repository.git(['cat-file', 'blob', id]))
    if (heartbeat !== undefined) found.push(heartbeat)
  }
  return found
}

/** Whoever may push can write one, so nothing of it is believed but its form. */
export function readHeartbeat(text: string): Heartbeat | undefined {
  try {
    const { asset, at, exports, isWell } = JSON.parse(text) as Partial<Heartbeat>
    if (typeof asset !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined
    return { asset: printable(asset).slice(0, 100), at, exports: String(exports), isWell: isWell !== false }
  } catch {
    return undefined
  }
}
