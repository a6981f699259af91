/** The arguments of `npm run faults`, `writers`, `replay` and `simulate`: read in one way, so that each of them refuses what it does not know and tells the rest with `--help`. */
import { parseArgs, type ParseArgsConfig } from 'node:util'

export interface Option {
  /** What stands for the value in the help; without one the option is a switch. */
  readonly value?: string
  readonly words: string
  readonly default?: string
  /** May be given several times. */
  readonly many?: true
  /** The only values that there are. */
  readonly among?: readonly string[]
  /** What a value looks like; `value` says it in words. */
  readonly form?: RegExp
}

/** The form of a whole number from 0. */
export const WHOLE = /^\d+$/

/** A switch is a boolean, every value a text as it was written; undefined where none was given and there is no default. */
export type Values<Options extends Readonly<Record<string, Option>>> = {
  readonly [Name in keyof Options]: Options[Name] extends { readonly many: true }
    ? readonly string[] | undefined
    : Options[Name] extends { readonly default: string }
      ? string
      : Options[Name] extends { readonly value: string }
        ? string | undefined
        : boolean
}

/** What a command line asks for: to run, to be told how, or something that there is not. */
export type Asked<Options extends Readonly<Record<string, Option>>> =
  | { readonly kind: 'run'; readonly values: Values<Options> }
  | { readonly kind: 'help' | 'wrong'; readonly words: string }

/** Reads the arguments of `npm run SCRIPT`. */
export function askedFor<const Options extends Readonly<Record<string, Option>>>(
  script: string,
  options: Options,
  args: readonly string[],
): Asked<Options> {
  try {
    const { help, ...values } = parse(options, args)
    if (help === true) return { kind: 'help', words: helpOf(script, options) }
    return { kind: 'run', values: values as Values<Options> }
  } catch (error) {
    return { kind: 'wrong', words: `${(error as Error).message}\n${helpOf(script, options)}` }
  }
}

/** The options of this process; undefined when there is nothing to run: after `--help`, and after a wrong argument, which is told and makes the exit code 2. */
export function readOptions<const Options extends Readonly<Record<string, Option>>>(
  script: string,
  options: Options,
): Values<Options> | undefined {
  const asked = askedFor(script, options, process.argv.slice(2))
  if (asked.kind === 'run') return asked.values
  if (asked.kind === 'help') console.log(asked.words)
  else {
    console.error(asked.words)
    process.exitCode = 2
  }
  return undefined
}

type Given = ReturnType<typeof parseArgs>['values']

function parse(options: Readonly<Record<string, Option>>, args: readonly string[]): Given {
  const config: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', default: false } }
  for (const [name, option] of Object.entries(options))
    config[name] =
      option.value === undefined
        ? { type: 'boolean', default: false }
        : {
            type: 'string',
            multiple: option.many ?? false,
            ...(option.default !== undefined && { default: option.default }),
          }
  const { values } = parseArgs({ options: config, args: [...args] })
  for (const [name, option] of Object.entries(options))
    for (const text of [values[name]].flat()) if (typeof text === 'string') check(name, option, text)
  return values
}

function check(name: string, { among, form, value }: Option, text: string): void {
  if (among !== undefined && !among.includes(text))
    throw new Error(`--${name} ${text}: there is only ${among.join(', ')}`)
  if (form?.test(text) === false) throw new Error(`--${name} ${text}: expected ${value}`)
}

function helpOf(script: string, options: Readonly<Record<string, Option>>): string {
  const lines = Object.entries(options).map(([name, option]) => {
    const usage = option.value === undefined ? `--${name}` : `--${name} ${option.value}`
    const hints = [
      ...(option.default === undefined ? [] : [`default ${option.default || 'none'}`]),
      ...(option.many === true ? ['may be repeated'] : []),
    ]
    const among = option.among === undefined ? '' : `: ${option.among.join(' | ')}`
    return `  ${usage.padEnd(18)} ${option.words}${among}${hints.length > 0 ? ` (${hints.join('; ')})` : ''}`
  })
  return [`npm run ${script} -- [options]`, ...lines].join('\n')
}
