/** One machine of an end-to-end test: a clone with a live database, real git with the hooks that `tandem init` installed, and the built program. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LiveDatabase } from './live-database.ts'

/** The built command. */
export const PROGRAM: string = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** What a program answered; `code` is -1 when a signal ended it, or it was stopped after a minute, whatever it said to that. */
export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Both outputs, for what may be said on either. */
  readonly text: string
}

export type Environment = Readonly<Record<string, string>>

export interface Asset {
  readonly name: string
  /** The clone's work tree. */
  readonly root: string
  readonly database: LiveDatabase
  readonly environment: Environment
  /** Any program in the work tree; every exit code is an answer. */
  start(program: string, args: readonly string[], environment?: Environment): Promise<Answer>
  /** git in the work tree; every exit code is an answer. */
  try(...args: readonly string[]): Promise<Answer>
  /** git in the work tree, which has to succeed. */
  git(...args: readonly string[]): Promise<Answer>
  /** The program; every exit code is an answer. */
  tandem(...args: readonly string[]): Promise<Answer>
  /** git, or the program for `tandem …`, left running in a process group of its own, so that all of it can be killed. */
  spawn(...words: readonly string[]): ChildProcess
  /** Digests of live and of the exports, by `verify --json`. */
  digest(): Promise<{ readonly ok: boolean; readonly live: string; readonly exports: string; readonly records: number }>
  /** Writes a file, with the folders on its way. */
  write(name: string, text: string): Promise<void>
  read(name: string): Promise<string>
  /** Adds a file and commits it. */
  commit(name: string, text: string): Promise<string>
  /** A commit's id. */
  id(revision: string): Promise<string>
  /** How many commits HEAD's history has. */
  commits(): Promise<number>
}

/** A clone at `root`. */
export function assetAt(name: string, root: string, at: { database: LiveDatabase; environment: Environment }): Asset {
  const { database, environment } = at
  const start: Asset['start'] = async (program, args, more = {}) => {
    const answer = await run(program, args, { cwd: root, environment: { ...environment, ...more } })
    // hooks end with 0 whatever happens: a mistake of the program would be seen nowhere
    if (/^tandem: .*unexpected: /m.test(answer.text)) throw new Error(`${name}: ${args.join(' ')}: ${answer.text}`)
    return answer
  }
  const attempt: Asset['try'] = (...args) => start('git', args)
  const git: Asset['git'] = async (...args) => {
    const answer = await attempt(...args)
    if (answer.code !== 0) throw new Error(`${name}: git ${args.join(' ')} ended with ${answer.code}: ${answer.text}`)
    return answer
  }
  const id = async (revision: string): Promise<string> => (await git('rev-parse', '--verify', revision)).stdout.trim()
  const tandem: Asset['tandem'] = (...args) => start(process.execPath, [PROGRAM, ...args])
  const write: Asset['write'] = async (file, text) => {
    const place = path.join(root, file)
    await mkdir(path.dirname(place), { recursive: true })
    await writeFile(place, text)
  }
  return {
    name,
    root,
    database,
    environment,
    start,
    try: attempt,
    git,
    tandem,
    write,
    id,
    spawn: (...words) => {
      const [program, ...args] =
        words[0] === 'tandem' ? [process.execPath, PROGRAM, ...words.slice(1)] : ['git', ...words]
      return spawn(program, args, { cwd: root, env: { ...environment }, detached: true, stdio: 'ignore' })
    },
    digest: async () => digestsOf(await tandem('verify', '--json')),
    read: (file) => readFile(path.join(root, file), 'utf8'),
    commit: async (file, text) => {
      await write(file, text)
      await git('add', '--', file)
      await git('commit', '-q', '-m', `change ${file}`)
      return id('HEAD')
    },
    commits: async () => Number((await git('rev-list', '--count', 'HEAD')).stdout),
  }
}

interface Verdict {
  readonly sources: Readonly<
    Record<string, { ok: boolean; live?: { digest: string; records: number }; exports?: { digest: string } }>
  >
}

function digestsOf(answer: Answer): { ok: boolean; live: string; exports: string; records: number } {
  const verdict = JSON.parse(answer.stdout) as Verdict
  const source = verdict.sources?.['app']
  if (source?.live === undefined || source.exports === undefined) throw new Error(`nothing to compare: ${answer.text}`)
  const { live, exports, ok } = source
  return { ok, live: live.digest, exports: exports.digest, records: live.records }
}

function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly environment: Environment },
): Promise<Answer> {
  return new Promise((resolve) => {
    const { cwd, environment } = options
    const limits = { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(program, args, { cwd, env: { ...environment }, ...limits }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' && error.killed !== true ? error.code : -1
      resolve({ code, stdout, stderr, text: stdout + stderr })
    })
    child.stdin?.end()
  })
}
