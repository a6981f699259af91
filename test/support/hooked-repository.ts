/** A real git repository in a temporary folder, whose hooks start a small real program that writes down how it was called. For the tests of hook installation. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { shellCommand } from '../../src/git/install/shell-words.ts'
import { openRepository, type Repository } from '../../src/git/repository.ts'

/** Top of our own working copy. */
export const PROJECT: string = fileURLToPath(new URL('../..', import.meta.url))

export interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface RunChoices {
  readonly cwd?: string
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface HookedRepository {
  /** Everything of this test lies below it. */
  readonly folder: string
  readonly root: string
  readonly repository: Repository
  /** Runs a program; every exit code is an answer. */
  run(program: string, args: readonly string[], choices?: RunChoices): Promise<Result>
  /** Runs git in the root and answers its standard output. Fails the test when git fails. */
  git(...args: readonly string[]): Promise<string>
  /** Writes a file below the root, with the folders on its way. */
  write(name: string, content: string, mode?: number): Promise<string>
  read(name: string): Promise<string>
  commit(name: string, content: string): Promise<string>
  /** Lines the recording program wrote since the last call: one with its arguments, then what it was given on standard input. */
  calls(): Promise<string>
  /** Makes a bare repository beside the root and names it as a remote. */
  addRemote(name: string): Promise<string>
  close(): Promise<void>
}

/** Makes the repository with one commit on `main`; the recording program is its `tandem.command`. Nothing of the caller's environment but PATH gets in. */
export async function hookedRepository(): Promise<HookedRepository> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem hooks '))
  const root = path.join(folder, "it's a repository")
  const log = path.join(folder, 'calls')
  const environment = await cleanEnvironment(folder)
  const run = (program: string, args: readonly string[], choices: RunChoices = {}): Promise<Result> =>
    start(program, args, { cwd: root, ...choices, environment: { ...environment, ...choices.environment } })
  const git = async (...args: readonly string[]): Promise<string> => {
    const result = await run('git', args)
    if (result.code !== 0) throw new Error(`git ${args.join(' ')} exited with ${result.code}: ${result.stderr}`)
    return result.stdout.trimEnd()
  }
  const write = async (name: string, content: string, mode = 0o644): Promise<string> => {
    const file = path.join(root, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, content)
    await chmod(file, mode)
    return file
  }
  const commit = async (name: string, content: string): Promise<string> => {
    await write(name, content)
    await git('add', name)
    await git('commit', '-q', '-m', `change ${name}`)
    return git('rev-parse', 'HEAD')
  }
  await mkdir(root)
  await git('init', '-q', '-b', 'main')
  await commit('code.txt', 'one\n')
  await git('config', 'tandem.command', shellCommand([await recordingProgram(folder, log), 'first word']))
  const repository = await openRepository(root, environment)
  return {
    folder,
    root,
    repository,
    run,
    // through the repository, which has read the configuration already and reads it again then
    git: (...args) => (args[0] === 'config' ? repository.git(args) : git(...args)),
    write,
    commit,
    read: (name) => readFile(path.join(root, name), 'utf8'),
    calls: async () => {
      const text = await readFile(log, 'utf8').catch(() => '')
      await rm(log, { force: true })
      return text
    },
    addRemote: async (name) => {
      const bare = path.join(folder, `${name}.git`)
      await git('init', '-q', '--bare', '-b', 'main', bare)
      await git('remote', 'add', name, bare)
      return bare
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** git that knows nobody's configuration, and no CI. */
async function cleanEnvironment(folder: string): Promise<Record<string, string>> {
  const config = path.join(folder, 'gitconfig')
  await writeFile(config, '[user]\n\tname = Tester\n\temail = tester@example.org\n[advice]\n\tdetachedHead = false\n')
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: config,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  }
}

/** A program that writes down its arguments, the push's pid and its standard input, and then fails as loudly as it can. */
async function recordingProgram(folder: string, log: string): Promise<string> {
  const file = path.join(folder, 'recording program')
  const script = `#!/bin/sh
{
  printf '%s' "$*"
  [ -z "\${TANDEM_PUSH_PID-}" ] || printf ' pid=%s' "$(cat "/proc/$TANDEM_PUSH_PID/comm" 2>/dev/null || ps -o comm= -p "$TANDEM_PUSH_PID")"
  echo
  cat
} >>'${log}'
exit 7
`
  await writeFile(file, script)
  await chmod(file, 0o755)
  return file
}

interface Start extends RunChoices {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
}

function start(program: string, args: readonly string[], choices: Start): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd: choices.cwd, env: choices.environment }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr })
    })
    child.stdin?.on('error', () => undefined) // the program may not read it
    child.stdin?.end(choices.input ?? '')
  })
}
