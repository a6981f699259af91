/** Runs a command with the fault preload (preload.mjs) in every program process that it starts: to count the points at which something is written, or to fail at one of them. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { PROGRAM, type Asset } from '../../support/asset.ts'

/** What happens at a point; preload.mjs tells what each means. */
export const FAULTS = ['kill', 'crash', 'torn', 'ENOSPC', 'EACCES', 'cut', 'down'] as const
export type FaultKind = (typeof FAULTS)[number]

export interface Fault {
  readonly kind: FaultKind
  /** From 1. */
  readonly at: number
}

export interface Faulty {
  /** -1 when a signal ended it. */
  readonly code: number
  readonly text: string
  /** Every point that was reached, in order: `file rename …`, `git update-ref …`, `sql COMMIT`, `socket …`. */
  readonly points: readonly string[]
  /** The point at which it happened; undefined when the command did not get that far. */
  readonly fired: string | undefined
}

const PRELOAD = pathToFileURL(fileURLToPath(new URL('preload.mjs', import.meta.url))).href

/** How long a command may take; the longest time that anything of ours waits for a lock is far below. */
const LIMIT_MS = 60_000

/** Runs git, or the program for `tandem …`, in a process group of its own; without a fault it only counts. */
export async function runWithFault(asset: Asset, words: readonly string[], fault?: Fault): Promise<Faulty> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem fault '))
  const environment = {
    ...asset.environment,
    NODE_OPTIONS: `--import=${PRELOAD}`,
    TANDEM_FAULT_FOLDER: folder,
    TANDEM_FAULT: fault?.kind ?? '',
    TANDEM_FAULT_AT: String(fault?.at ?? 0),
  }
  try {
    const answer = await run(words, asset.root, environment)
    const lines = (await readFile(path.join(folder, 'points'), 'utf8').catch(() => '')).split('\n')
    const points = lines.slice(0, -1).map((line) => line.replace(/ #[\d.]+$/, ''))
    const fired = (await readFile(path.join(folder, 'fired'), 'utf8').catch(() => '')).split('\n')[0]
    return { ...answer, points, fired: fired || undefined }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function run(
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; text: string }> {
  const [program, args] = words[0] === 'tandem' ? [process.execPath, [PROGRAM, ...words.slice(1)]] : ['git', [...words]]
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), LIMIT_MS)
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? -1, text })
    })
  })
}

/** Which points a kind of fault can do something at: there is no connection to break where a file is written. */
function concerns(kind: FaultKind, point: string): boolean {
  if (kind === 'torn') return /^file (writeFile|appendFile|write) /.test(point)
  if (kind === 'cut' || kind === 'down') return /^(sql|socket|git (fetch|pull|push)) ?/.test(point)
  if (kind === 'ENOSPC') return !/^(socket|file (unlink|rm|rmdir)) /.test(point)
  return kind !== 'EACCES' || !point.startsWith('socket')
}

/** All faults of these kinds that can do something at these points, in the order of the points. */
export function faultsAt(points: readonly string[], kinds: readonly FaultKind[]): Fault[] {
  return points.flatMap((point, i) =>
    kinds.filter((kind) => concerns(kind, point)).map((kind) => ({ kind, at: i + 1 })),
  )
}

/** So many of a list, spread evenly over it. */
export function spread<Item>(items: readonly Item[], count: number): Item[] {
  const share = Math.min(1, count / items.length)
  return items.filter((_, i) => Math.floor((i + 1) * share + 1e-9) !== Math.floor(i * share + 1e-9))
}
