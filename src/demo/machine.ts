/** One machine of the demo: a clone with a database of its own, in which commands are run as a person would. */
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { DemoDatabase } from './database.ts'
import type { Narrator } from './narrator.ts'

export interface Machine {
  readonly name: string
  readonly folder: string
  readonly database: DemoDatabase
  /** Runs git, shown with all that it prints. @throws Error when it fails */
  git(...args: readonly string[]): Promise<void>
  /** Runs tandem, shown. @throws Error when it fails */
  tandem(...args: readonly string[]): Promise<void>
  /** Runs tandem unseen; its standard output. @throws Error when it fails */
  ask(...args: readonly string[]): Promise<string>
  write(file: string, text: string): Promise<void>
}

export interface MachinePlace {
  readonly name: string
  readonly folder: string
  readonly database: DemoDatabase
  readonly environment: Readonly<Record<string, string>>
  /** Path of the built program. */
  readonly program: string
  readonly narrator: Narrator
}

/** A machine whose clone is at `folder`. */
export function machineAt(place: MachinePlace): Machine {
  const { name, folder, database, narrator } = place
  const shown = async (program: string, start: readonly string[], args: readonly string[]): Promise<void> => {
    narrator.command(name, [program, ...args].map(shellWord).join(' '))
    const { output, code } = await run([...start, ...args], place)
    narrator.output(output)
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code} on ${name}`)
  }
  const tandem = [process.execPath, place.program]
  return {
    name,
    folder,
    database,
    git: (...args) => shown('git', ['git'], args),
    tandem: (...args) => shown('tandem', tandem, args),
    ask: async (...args) => {
      const { output, standardOutput, code } = await run([...tandem, ...args], place)
      if (code !== 0) throw new Error(`tandem ${args.join(' ')} ended with ${code} on ${name}: ${output}`)
      return standardOutput
    },
    write: (file, text) => writeFile(path.join(folder, file), text),
  }
}

/** A word as one would type it. */
function shellWord(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** The environment of everything the demo starts: the user's without what would reach git, tandem or the configuration. */
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

interface Ran {
  readonly code: number | null
  readonly standardOutput: string
  /** Both streams, in the order in which they came. */
  readonly output: string
}

function run(words: readonly string[], place: Pick<MachinePlace, 'folder' | 'environment'>): Promise<Ran> {
  const [program = '', ...args] = words
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: place.folder, env: place.environment, stdio: ['ignore', 'pipe', 'pipe'] })
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
