/** The URL of a source's database in this clone: from git config if it is set there, else from the configuration with its variables filled in. */
import { parse } from 'dotenv'
import { UsageError } from '../model/errors.ts'
import type { SourceConfig } from './config.ts'
import { type TemplatePart, fillTemplate, parseTemplate, variableNames } from './template.ts'
import { checkDatabaseFile, checkWrittenUrl, engineOf, wholeVariable } from './written-url.ts'

/** Everything outside the configuration that a URL may come from. */
export interface Lookups {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The variables of `.env`, as `parseDotenv` reads it. They are only looked up here and never put into the environment. */
  readonly dotenv: ReadonlyMap<string, string>
  /** The value of `git config tandem.source.NAME.url`; undefined when it is not set. */
  readonly gitConfigUrl: (source: string) => string | undefined
  /** Names of the variables that were approved in this clone; undefined: all are allowed, as for `init` itself. */
  readonly approvedNames?: readonly string[]
}

/** The URL of a source, and where it comes from. */
export interface SourceUrl {
  /** With the password: pass it through `redactUrl` before it gets into a message. */
  readonly url: string
  /** `environment`: the whole URL is the value of one variable (of the environment or `.env`); `file`: at least a part of it is written in the configuration. */
  readonly from: 'file' | 'environment' | 'git-config'
  /** The names of the variables in its template, sorted. */
  readonly names: readonly string[]
}

/** The variables of a `.env` file. */
export function parseDotenv(text: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(parse(text)))
}

/**
 * The URL of a source. An empty variable counts as not set.
 * @throws UsageError when a variable is not set or not approved, or when a written URL has something that is not allowed in a committed file
 */
export function sourceUrl(source: SourceConfig, lookups: Lookups): SourceUrl {
  const override = lookups.gitConfigUrl(source.name)
  if (override !== undefined && override !== '') return { url: override, from: 'git-config', names: [] }
  const where = `source ${source.name}`
  const parts = parseTemplate(source.urlTemplate, where)
  const names = variableNames(parts)
  for (const name of names) checkApproved(name, where, lookups.approvedNames)
  checkWrittenUrl(parts, where)
  const url = fillTemplate(parts, (variable) => valueOf(variable, where, lookups))
  const from = isWhollyLookedUp(parts, lookups) ? 'environment' : 'file'
  checkResolved(url, where, from)
  return { url, from, names }
}

function checkApproved(name: string, where: string, approved: readonly string[] | undefined): void {
  if (approved === undefined || approved.includes(name)) return
  throw new UsageError(`${where}: the variable ${name} is not approved in this clone`, {
    hint: 'A pulled configuration may not read your variables unasked. Look at its url, then run tandem init.',
  })
}

function valueOf(variable: Extract<TemplatePart, { kind: 'variable' }>, where: string, lookups: Lookups): string {
  const value = lookUp(variable.name, lookups) ?? variable.fallback
  if (value !== undefined) return value
  throw new UsageError(`${where}: the variable ${variable.name} is not set`, {
    hint: `Put ${variable.name}=… into .env at the repository root (git-ignored) or into the environment.`,
  })
}

/** The value of a variable; undefined when it is not set, or empty. */
export function lookUp(name: string, lookups: Lookups): string | undefined {
  const own = Object.hasOwn(lookups.environment, name) ? lookups.environment[name] : undefined
  return [own, lookups.dotenv.get(name)].find((value) => value !== undefined && value !== '')
}

function isWhollyLookedUp(parts: readonly TemplatePart[], lookups: Lookups): boolean {
  const whole = wholeVariable(parts)
  return whole !== undefined && lookUp(whole.name, lookups) !== undefined
}

function checkResolved(url: string, where: string, from: SourceUrl['from']): void {
  const engine = engineOf(url)
  if (engine === undefined) {
    throw new UsageError(`${where}: its URL is of no kind that tandem knows`, {
      hint: 'It must start with sqlite:, postgres:// or mongodb://.',
    })
  }
  if (from === 'file' && engine === 'sqlite') checkDatabaseFile(url, where)
}
