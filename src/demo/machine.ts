/** One machine of the demo: a clone with a database of its own, in which commands are run as a person would run them. */
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { DemoDatabase } from './database.ts'
import type { Narrator } from './narrator.ts'

/** What can be done on a machine. To show a command is to print it and its output. */
export interface Machine {
  readonly name: string
  readonly folder: string
  readonly database: DemoDatabase
  /** Runs git and shows it. @throws Error when it fails */
  git(...args: readonly string[]): Promise<void>
  /** Runs tandem and shows it. @throws Error when it fails */
  tandem(...args: readonly string[]): Promise<void>
  /** Runs tandem without showing it, and returns its standard output. @throws Error when it fails */
  ask(...args: readonly string[]): Promise<string>
  /** Writes a file of the clone. */
  write(file: string, text: string): Promise<void>
}

/** What a machine consists of. */
export interface MachineParts {
  readonly name: string
  readonly folder: string
  readonly database: DemoDatabase
  readonly environment: Readonly<Record<string, string>>
  /** The path of the built program. */
  readonly program: string
  readonly narrator: Narrator
}

/** A machine whose clone is at `folder`. */
export function machineAt(parts: MachineParts): Machine {
  const { name, folder, database, narrator } = parts
  const shown = async (program: string, start: readonly string[], args: readonly string[]): Promise<void> => {
    narrator.command(name, [program, ...args].map(shellWord).join(' '))
    const { output, code } = await run([...start, ...args], parts)
    narrator.output(output)
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code} on ${name}`)
  }
  const tandem = [process.execPath, parts.program]
  return {
    name,
    folder,
    database,
    git: (...args) => shown('git', ['git'], args),
    tandem: (...args) => shown('tandem', tandem, args),
    ask: async (...args) => {
      const { output, standardOutput, code } = await run([...tandem, ...args], parts)
      if (code !== 0) throw new Error(`tandem ${args.join(' ')} ended with ${code} on ${name}: ${output}`)
      return standardOutput
    },
    write: (file, text) => writeFile(path.join(folder, file), text),
  }
}

/** A word as one would type it in a shell: in quotation marks where it needs them. */
function shellWord(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** The environment of every program that the demo starts: the user's without the variables that git, tandem or the demo's configuration would read. */
export function demoEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  gitConfig: string,
): Record<string, string> {
  const kept = Object.entries(own).filter(([name]) => !/^(GIT_.*|TANDEM_.*|CI|APP_DATABASE_URL)$/.test(name))
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    GIT_CONFIG_GLOBAL: gitConfig,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    NO_COLOR: '1',
  }
}

/** How a program ended. */
interface Ran {
  readonly code: number | null
  readonly standardOutput: string
  /** Standard output and standard error, in the order in which they came. */
  readonly output: string
}

function run(words: readonly string[], parts: Pick<MachineParts, 'folder' | 'environment'>): Promise<Ran> {
  const [program = '', ...args] = words
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: parts.folder, env: parts.environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let standardOutput = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      standardOutput += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, standardOutput, output }))
  })
}
