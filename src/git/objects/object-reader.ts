/**
 * Reads git objects through one `git cat-file --batch` process that stays alive: starting a process costs 5 ms, and a push asks for some thirty objects.
 * Names are resolved as on a command line (`HEAD^{commit}`, `refs/tandem/live/app`), and again with every question.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { GitError, type RunPlace } from '../run.ts'

export interface GitObject {
  readonly id: string
  readonly type: string
  readonly bytes: Buffer
}

export interface ObjectReader {
  /** Starts git before the first question, while other things are waited for. */
  begin(): void
  /** The object of each name, in the same order; undefined for one that git does not have. @throws GitError when git cannot be started or ends too early */
  read(names: readonly string[]): Promise<(GitObject | undefined)[]>
}

/** How long the process is kept without a question. */
const IDLE_MS = 5_000

const ARGS = ['cat-file', '--batch']

interface OpenQuestion {
  readonly answered: (object: GitObject | undefined) => void
  readonly failed: (error: Error) => void
}

/** Opens a reader. The process is started with the first question or before, and again after it has ended. */
export function openObjectReader(place: RunPlace): ObjectReader {
  let running: BatchProcess | undefined
  const begun = (): BatchProcess => {
    if (running?.isOver() !== false) running = startBatch(place)
    return running
  }
  return {
    begin: () => void begun(),
    read: async (names) => (names.length === 0 ? [] : begun().ask(names)),
  }
}

/** One running `git cat-file --batch`. `isOver`: it has ended or is about to, and takes no more questions. */
interface BatchProcess {
  ask(names: readonly string[]): Promise<(GitObject | undefined)[]>
  isOver(): boolean
}

function startBatch(place: RunPlace): BatchProcess {
  const child = spawn('git', ARGS, { cwd: place.cwd, env: { ...place.environment }, stdio: 'pipe' })
  const questions: OpenQuestion[] = []
  const parse = answerParser()
  let over = false
  let idle: NodeJS.Timeout | undefined
  const end = (error: Error): void => {
    over = true
    clearTimeout(idle)
    for (const { failed } of questions.splice(0)) failed(error)
  }
  const rest = (): void => {
    holdProcess(child, false)
    idle = setTimeout(() => {
      over = true
      child.stdin.end()
    }, IDLE_MS).unref()
  }
  child.on('error', (error) => end(new GitError(ARGS, -1, error.message)))
  child.on('close', (code) => end(new GitError(ARGS, code ?? -1, 'it ended before it had answered')))
  child.stdin.on('error', () => undefined) // git has ended; the `close` event reports it
  child.stderr.resume()
  child.stdout.on('data', (chunk: Buffer) => {
    for (const object of parse(chunk)) questions.shift()?.answered(object)
    if (questions.length === 0) rest()
  })
  rest()
  const askOne = (): Promise<GitObject | undefined> =>
    new Promise((answered, failed) => {
      clearTimeout(idle)
      if (questions.length === 0) holdProcess(child, true)
      questions.push({ answered, failed })
    })
  const ask = (names: readonly string[]): Promise<(GitObject | undefined)[]> => {
    const answers = names.map(async (name) => (isOneLine(name) ? askOne() : undefined))
    const lines = names.filter(isOneLine).map((name) => `${name}\n`)
    if (lines.length > 0) child.stdin.write(lines.join(''))
    return Promise.all(answers)
  }
  return { ask, isOver: () => over }
}

function isOneLine(name: string): boolean {
  return !name.includes('\n')
}

/** Held, the child process keeps this process from exiting. It must while it is answering, and must not while it waits for questions. */
function holdProcess(child: ChildProcessWithoutNullStreams, isHeld: boolean): void {
  const handles = [child, child.stdin, child.stdout, child.stderr] as unknown as Pick<Socket, 'ref' | 'unref'>[]
  for (const handle of handles)
    if (isHeld) handle.ref()
    else handle.unref()
}

/** Makes a function that takes git's output chunk by chunk and returns the answers that have become complete. An answer is `<id> <type> <size>\n<bytes>\n` or `<name> missing\n`. */
function answerParser(): (chunk: Buffer) => (GitObject | undefined)[] {
  let chunks: Buffer[] = []
  let available = 0
  let needed = 1
  let header: { readonly id: string; readonly type: string; readonly size: number } | undefined
  return (chunk) => {
    chunks.push(chunk)
    available += chunk.length
    const answers: (GitObject | undefined)[] = []
    if (available < needed) return answers
    let data = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    for (;;) {
      if (header === undefined) {
        const end = data.indexOf(0x0a)
        if (end < 0) break
        const [, id, type, size] = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(data.subarray(0, end).toString()) ?? []
        data = data.subarray(end + 1)
        if (id === undefined) answers.push(undefined)
        else header = { id, type: type as string, size: Number(size) }
      } else {
        if (data.length <= header.size) break
        answers.push({ id: header.id, type: header.type, bytes: Buffer.from(data.subarray(0, header.size)) })
        data = data.subarray(header.size + 1)
        header = undefined
      }
    }
    chunks = [data]
    available = data.length
    needed = header === undefined ? available + 1 : header.size + 1
    return answers
  }
}
