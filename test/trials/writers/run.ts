/** Two machines that push and pull while a program writes into each of their databases without a pause; at the end nothing of what either program committed may be missing. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Engine } from '../../support/live-database.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'
import type { Written } from './process.ts'

export interface CyclesOptions {
  readonly cycles: number
  /** Between two transactions of a writer. */
  readonly pauseMs: number
  /** Told after each cycle. */
  readonly progress?: (cycle: number) => void
}

export interface CyclesResult {
  /** Everything that is wrong; empty when all is well. */
  readonly problems: readonly string[]
  readonly transactions: number
  readonly repeated: number
  /** Pulls and pushes whose hook could not end its work at once (it says so; the next one does). */
  readonly postponed: number
}

/** Runs the cycles; each is: a pushes, b pulls, b pushes, a pulls. */
export async function runCycles(engine: Engine, options: CyclesOptions): Promise<CyclesResult> {
  const records = { traders: traders(engine.key, 20).map((each) => ({ ...each, user_id: 0, profit_usd: 0 })) }
  const assets = await readyAssets(engine, { records })
  const { a, b } = assets
  const writers = [startWriter(a, 'user_id', options.pauseMs), startWriter(b, 'profit_usd', options.pauseMs)] as const
  const said: string[] = []
  try {
    for (let cycle = 1; cycle <= options.cycles; cycle++) {
      for (const [asset, command] of [
        [a, 'push'],
        [b, 'pull'],
        [b, 'push'],
        [a, 'pull'],
      ] as const)
        said.push((await asset.git(command, ...(command === 'pull' ? ['--no-edit'] : []))).text)
      for (const writer of writers) writer.nextCycle()
      options.progress?.(cycle)
    }
  } catch (error) {
    said.push(`tandem: ${(error as Error).message}`)
    for (const writer of writers) await writer.stop()
    throw error
  }
  const [byA, byB] = [await writers[0].stop(), await writers[1].stop()]
  try {
    const failed = said.flatMap((text) => text.split('\n')).filter((line) => /tandem: /.test(line) && !isUsual(line))
    const problems = await verdict(assets, byA, byB)
    return {
      problems: [...problems, ...failed.filter((line) => !/again and again/.test(line))],
      transactions: byA.transactions + byB.transactions,
      repeated: byA.repeated + byB.repeated,
      postponed: failed.filter((line) => /again and again/.test(line)).length,
    }
  } finally {
    await assets.close()
  }
}

/** What a hook says when all is well. */
function isUsual(line: string): boolean {
  return /^tandem: (data commit \w+ (on top of|pushed)|app \+|report: |app\/traders has outgrown its layout)/.test(line)
}

async function verdict(assets: TwoAssets, byA: Written, byB: Written): Promise<string[]> {
  const { a, b } = assets
  for (const asset of [a, b, a, b]) {
    await asset.git('pull', '--no-edit')
    await asset.git('push')
  }
  await a.git('pull', '--no-edit')
  const problems = await disagreements(assets)
  const rows = new Map((await a.database.rows('traders')).map((row) => [row['id'], row]))
  for (const [field, { counts }] of [
    ['user_id', byA],
    ['profit_usd', byB],
  ] as const)
    for (const [id, count] of Object.entries(counts)) {
      const value = Number(rows.get(id)?.[field])
      if (value !== count) problems.push(`${id}.${field} is ${value}, and was counted up ${count} times`)
    }
  const own = new Set([...byA.own, ...byB.own])
  for (const id of own) if (!rows.has(id)) problems.push(`${id} was inserted and is gone`)
  for (const id of rows.keys())
    if (id?.startsWith('writer-') && !own.has(id)) problems.push(`${id} was deleted and is there again`)
  return problems
}

interface Writer {
  nextCycle(): void
  stop(): Promise<Written>
}

const PROGRAM = fileURLToPath(new URL('process.ts', import.meta.url))

function startWriter(asset: Asset, field: string, pauseMs: number): Writer {
  const { url } = asset.database
  const place = url.startsWith('sqlite:') ? `${asset.root}/${url.slice('sqlite:'.length)}` : url
  const args = ['--import', 'tsx', PROGRAM, place, field, `writer-${asset.name}`, String(pauseMs)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let text = ''
  let complaint = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()))
  const stop = async (): Promise<Written> => {
    child.stdin.end()
    await closed
    if (text === '') throw new Error(`the writer of ${asset.name} stopped: ${complaint}`)
    return JSON.parse(text) as Written
  }
  return { stop, nextCycle: () => void child.stdin.write('\n') }
}
