/**
 * Runs a program and tells its seconds and the largest resident set among the Node processes it started: git starts the hook, the hook starts ours.
 *
 * Each of those writes down its own peak when it ends, by a preload that NODE_OPTIONS names. Looking at /proc from outside would miss what is allocated between the last look
 * and the end, and would take time from the two cores that are measured. The number is VmHWM and not `resourceUsage().maxRSS`, which Linux carries over `exec`, so that it
 * would be that of the program that started the process.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** What a run cost. */
export interface Run {
  readonly seconds: number
  /** Processor time of the program and all its children, a database server apart: what a busy machine distorts least. */
  readonly cpuSeconds: number
  /** 0 where no Node process ran. */
  readonly peakMemoryMiB: number
  /** Both outputs. */
  readonly text: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
  /** A file that takes standard output. */
  readonly output?: string
  readonly input?: string
  /** Exit codes that are no failure, besides 0. */
  readonly answers?: readonly number[]
  /** False: no preload, for programs that end within milliseconds, in which its one would count. The memory is 0 then. */
  readonly memory?: boolean
}

const PRELOAD = `const fs = require('node:fs')
process.on('exit', () => {
  const own = /VmHWM:\\s+(\\d+)/.exec(fs.existsSync('/proc/self/status') ? fs.readFileSync('/proc/self/status', 'utf8') : '')
  fs.appendFileSync(process.env.BENCH_PEAKS, (own?.[1] ?? process.resourceUsage().maxRSS) + '\\n')
})
`

/** Profiles the process besides: `--cpu-prof` is not allowed in NODE_OPTIONS, and git starts the program with words of its own. */
const PROFILER = `const { Session } = require('node:inspector')
if (require('node:worker_threads').isMainThread) {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.start')
  process.on('exit', () => {
    const words = process.argv.slice(2, 4).join('-').replaceAll(/[^\\w-]/g, '_')
    session.post('Profiler.stop', (_, { profile }) =>
      fs.writeFileSync(process.env.BENCH_PROFILES + '/' + Date.now() + '-' + process.pid + '-' + words + '.cpuprofile', JSON.stringify(profile)))
  })
}
`

let profiles: string | undefined

/** From now on every Node process writes its profile into this folder, which is there. */
export function profileInto(folder: string): void {
  profiles = folder
}

const running = new Set<ChildProcess>()

let isOver = false

/** Ends with its children whatever still runs. Nothing is started any more: after Ctrl-C a benchmark goes on until it comes to its next program. */
export async function endRunning(): Promise<void> {
  isOver = true
  const ends = [...running].map((child) => new Promise((resolve) => void child.once('close', resolve)))
  for (const { pid } of running) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {} // ended meanwhile
  }
  await Promise.all(ends)
}

/** @throws Error with its output when the program fails */
export async function runProgram(program: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  if (isOver) throw new Error('interrupted')
  const folder = mkdtempSync(path.join(tmpdir(), 'tandem-bench-run-'))
  try {
    const peaks = path.join(folder, 'peaks')
    const preload = path.join(folder, 'preload.cjs')
    writeFileSync(preload, profiles === undefined ? PRELOAD : PRELOAD + PROFILER)
    const watched = {
      ...(profiles !== undefined && { BENCH_PROFILES: profiles }),
      NODE_OPTIONS: `--require ${JSON.stringify(preload)}`,
      BENCH_PEAKS: peaks,
    }
    const given = options.environment ?? (process.env as Record<string, string>)
    const environment = options.memory === false ? given : { ...given, ...watched }
    const [start, cpu] = [performance.now(), childrenCpuSeconds()]
    const text = await finished(program, args, { ...options, environment })
    const seconds = (performance.now() - start) / 1000
    return { seconds, cpuSeconds: childrenCpuSeconds() - cpu, peakMemoryMiB: largest(peaks) / 1024, text }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Processor time of all children of this process that have ended, and of theirs: proc(5), cutime and cstime, in hundredths of a second. NaN where there is no /proc. */
function childrenCpuSeconds(): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN
  const stat = readFileSync('/proc/self/stat', 'utf8')
  // "pid (command) state ppid …": the fields are counted from the state, which is the third
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

function largest(peaks: string): number {
  return existsSync(peaks) ? Math.max(0, ...readFileSync(peaks, 'utf8').trim().split('\n').map(Number)) : 0
}

async function finished(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const out = options.output === undefined ? 'pipe' : openSync(options.output, 'w')
  try {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.environment,
      stdio: ['pipe', out, 'pipe'],
      detached: true, // a process group of its own, to be ended as a whole
    })
    running.add(child)
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text += data.toString()))
    child.stdin?.on('error', () => {}) // a program that reads nothing
    child.stdin?.end(options.input ?? '')
    const code = await new Promise((resolve, reject) => void child.on('error', reject).on('close', resolve))
    running.delete(child)
    if (code === 0 || options.answers?.includes(code as number) === true) return text
    throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}: ${text.slice(-2000)}`)
  } finally {
    if (typeof out === 'number') closeSync(out)
  }
}
