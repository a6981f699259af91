/** Where texts are written. Text for people goes to standard output, with `--json` or in a hook to standard error; errors are printed with their hint; progress only on a terminal. */
import { printable } from '../config/printable.ts'
import type { TandemError } from '../model/errors.ts'

/** How a command's output is written. */
export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly inHook: boolean
  /** True when progress may be shown: standard error is a terminal and NO_COLOR is not set. */
  readonly isTerminal: boolean
}

/** The functions by which commands write. */
export interface Output {
  readonly json: boolean
  /** A line for people. */
  readonly say: (line: string) => void
  /** A line for people on standard error, for commands whose result is on standard output. */
  readonly note: (line: string) => void
  /** The one JSON value of `--json`; `version` 1 is added. */
  readonly value: (value: Readonly<Record<string, unknown>>) => void
  /** Text for standard output, written unchanged: a merged file, or JSON with numbers that JavaScript would round. */
  readonly raw: (text: string | Uint8Array) => void
  /** Prints an error with its hint on standard error. */
  readonly fail: (error: TandemError) => void
  /** Replaces the line of progress on a terminal. */
  readonly progress: (text: string) => void
}

/** The output of one command. Commands write through it only. */
export function createOutput(options: OutputOptions): Output {
  const toError = options.json || options.inHook
  const prefix = options.inHook ? 'tandem: ' : ''
  const stream = toError ? process.stderr : process.stdout
  for (const each of [process.stdout, process.stderr]) each.on('error', ignoreClosedPipe)
  return {
    json: options.json,
    say: (line) => {
      if (!options.quiet) stream.write(`${prefix}${lines(line)}\n`)
    },
    note: (line) => {
      if (!options.quiet) process.stderr.write(`${prefix}${lines(line)}\n`)
    },
    value: (value) => process.stdout.write(`${JSON.stringify({ version: 1, ...value })}\n`),
    raw: (text) => process.stdout.write(text),
    fail: (error) => {
      process.stderr.write(`tandem: ${lines(error.message)}\n`)
      if (error.hint !== undefined) process.stderr.write(`  ${lines(error.hint).replaceAll('\n', '\n  ')}\n`)
      if (options.verbose && error.stack !== undefined) process.stderr.write(`${error.stack}\n`)
    },
    progress: (text) => {
      if (options.isTerminal && !options.quiet && !options.inHook) process.stderr.write(`\r\u001b[K${printable(text)}`)
    },
  }
}

/** The reader of a pipe may end early (`tandem diff | head`). The command must still finish what it does to data, so that is no error. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

/** The text with control characters of data made visible; line feeds, which the program itself puts in, are kept. */
function lines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}
