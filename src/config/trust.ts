/**
 * What a clone's user approves once for each source: where its records go and what goes along. A pulled configuration that changes any of it is held by the hooks,
 * with the difference in words, until the user has approved it again. Texts and hashes only; where they are kept is the caller's matter.
 */
import { createHash } from 'node:crypto'
import stringify from 'fast-json-stable-stringify'
import type { Config, SourceConfig } from './config.ts'
import { printable } from './printable.ts'
import { redactUrl } from './redact.ts'
import type { SourceUrl } from './source-url.ts'

/** The effective target of one source: never a password. */
export interface Target {
  readonly source: string
  /** The URL as written, or the name of the git config entry that replaces it. */
  readonly url: string
  /** The URL it leads to in this clone, redacted. */
  readonly database: string
  /** Variables that its URL reads. */
  readonly variables: readonly string[]
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Collections with an `omit` of their own. */
  readonly omit: Readonly<Record<string, readonly string[]>>
  readonly exports: string
  readonly exportOn: readonly string[]
}

/** What would be carried where, from the configuration and the source's URL in this clone. */
export function effectiveTarget(config: Config, source: SourceConfig, url: SourceUrl): Target {
  const omits = Object.entries(source.collections).flatMap(([name, options]) =>
    options.omit === undefined ? [] : [[name, [...options.omit].sort()] as const],
  )
  return {
    source: source.name,
    url: url.from === 'git-config' ? `git config tandem.source.${source.name}.url` : source.urlTemplate,
    database: redactUrl(url.url),
    variables: url.names,
    include: [...source.include].sort(),
    exclude: [...source.exclude].sort(),
    omit: Object.fromEntries(omits),
    exports: config.exports,
    exportOn: [...config.exportOn].sort(),
  }
}

/** The canonical text of a target (one line of JSON, names sorted): equal targets give equal texts. */
export function approvalText(target: Target): string {
  return stringify(target)
}

/** SHA-256 of an approved text, 64 hex digits. */
export function approvalHash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

/** The variables that an approved text allows its source to read; none if the text cannot be read. */
export function approvedNames(text: string): readonly string[] {
  const { variables } = readTarget(text)
  return Array.isArray(variables) ? variables.filter((name) => typeof name === 'string') : []
}

const WORDS: readonly (readonly [name: keyof Target, words: string])[] = [
  ['url', 'url in the configuration'],
  ['database', 'database'],
  ['variables', 'variables read'],
  ['include', 'include'],
  ['exclude', 'exclude'],
  ['exports', 'exports folder'],
  ['exportOn', 'exported on'],
]

/**
 * The difference of two approval texts, one line each, in words for people: `database: postgres://a/x → postgres://b/x`, `exclude: no longer "sessions"`.
 * @param oldText what was approved; empty or unreadable: everything counts as new
 */
export function approvalDifference(oldText: string, newText: string): string[] {
  const before = readTarget(oldText)
  const after = readTarget(newText)
  const lines = WORDS.flatMap(([name, words]) => differenceOf(words, before[name], after[name]))
  return [...lines, ...omitDifference(before.omit, after.omit)]
}

function readTarget(text: string): Partial<Target> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function omitDifference(before: Target['omit'] = {}, after: Target['omit'] = {}): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) =>
    differenceOf(`omit of ${name === '*' ? 'every collection' : printable(name)}`, own(before, name), own(after, name)),
  )
}

function own(omit: Target['omit'], name: string): readonly string[] | undefined {
  return Object.hasOwn(omit, name) ? omit[name] : undefined
}

function differenceOf(words: string, before: unknown, after: unknown): string[] {
  if (stringify(before ?? null) === stringify(after ?? null)) return []
  if (!Array.isArray(before) || !Array.isArray(after)) return [`${words}: ${shown(before)} → ${shown(after)}`]
  const added = after.filter((item) => !before.includes(item)).map((item) => `now ${quoted(item)}`)
  const removed = before.filter((item) => !after.includes(item)).map((item) => `no longer ${quoted(item)}`)
  const emptied = after.length === 0 ? ['now an empty list'] : []
  return [`${words}: ${[...added, ...removed, ...emptied].join(', ')}`]
}

function quoted(item: unknown): string {
  return `"${printable(String(item))}"`
}

function shown(value: unknown): string {
  if (value === undefined) return '(not set)'
  if (Array.isArray(value)) return value.length === 0 ? '(empty list)' : value.map(quoted).join(', ')
  return typeof value === 'string' ? printable(value) : stringify(value)
}
