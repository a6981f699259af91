/** Where a source's database is in this clone: git config first, then the configuration with its variables filled in. One source at a time, at the time it is needed. */
import { parse } from 'dotenv'
import { UsageError } from '../model/errors.ts'
import type { SourceConfig } from './config.ts'
import { parseTemplate, variableNames, fillTemplate, type TemplatePart } from './template.ts'
import { checkDatabaseFile, checkWrittenUrl, engineOf, wholeVariable } from './written-url.ts'

/** Everything outside the configuration that a URL may come from. */
export interface Lookups {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** `.env`, as `parseDotenv` reads it: a look-up table, nothing of it enters any environment. */
  readonly dotenv: ReadonlyMap<string, string>
  /** `git config tandem.source.NAME.url`. */
  readonly gitConfigUrl: (source: string) => string | undefined
  /** Variables that `init` approved in this clone; absent: every one (only `init` itself asks so). */
  readonly approvedNames?: readonly string[]
}

export interface SourceUrl {
  /** With password. Never into a message: `redactUrl` first. */
  readonly url: string
  /** `environment`: whole from one variable (environment or `.env`); `file`: at least partly written in the configuration. */
  readonly from: 'file' | 'environment' | 'git-config'
  /** The variables its template names, sorted. */
  readonly names: readonly string[]
}

/** The variables of a `.env` file. */
export function parseDotenv(text: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(parse(text)))
}

/**
 * The URL of a source. An empty variable counts as not set.
 * @throws UsageError naming a variable that is not set or not approved, or what a committed URL may not hold
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

function lookUp(name: string, lookups: Lookups): string | undefined {
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
