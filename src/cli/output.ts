/** Where texts go: people's to standard output, or to standard error when JSON or a hook has the other; errors with their hint; progress only on a terminal. */
import { printable } from '../config/printable.ts'
import type { TandemError } from '../model/errors.ts'

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly inHook: boolean
  /** Colours and progress: standard error is a terminal and NO_COLOR is not set. */
  readonly isTerminal: boolean
}

export interface Output {
  readonly json: boolean
  /** A line for people. */
  readonly say: (line: string) => void
  /** A line for people beside a result that has standard output for itself. */
  readonly note: (line: string) => void
  /** The one JSON value of `--json`; `version` 1 is added. */
  readonly value: (value: Readonly<Record<string, unknown>>) => void
  /** Text for standard output as it is: a merged file, or a JSON value with numbers that JavaScript would round. */
  readonly raw: (text: string) => void
  readonly fail: (error: TandemError) => void
  readonly progress: (text: string) => void
}

/** Only says what happened in one place, so that no command writes by itself. */
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

/** Whoever reads may stop reading (`tandem diff | head`): what is being done to data goes on to its end. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

/** Control characters of data never reach a terminal; line ends of ours do. */
function lines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}
