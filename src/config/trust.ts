/**
 * What the user of a clone approves once for each source: which records are exported, from which database, to where. When a pulled configuration changes any of it, the hooks hold
 * the source and show the difference, until the user has approved it again. This file makes and compares the texts; callers store them.
 */
import stringify from 'fast-json-stable-stringify'
import { createHash } from 'node:crypto'
import type { Placeholder } from '../model/collection.ts'
import type { Config, SourceConfig } from './config.ts'
import { printable } from './printable.ts'
import { redactUrl } from './redact.ts'
import type { SourceUrl } from './source-url.ts'

/** What is carried where for one source. It never contains a password. */
export interface EffectiveTarget {
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
  /** Collections with a `placeholder`: what a pulled configuration puts into a password is the user's to approve. Absent when there are none. */
  readonly placeholder?: Readonly<Record<string, Readonly<Record<string, Placeholder>>>>
  readonly exports: string
  readonly exportOn: readonly string[]
}

/** The effective target of a source, from the configuration and the source's URL in this clone. */
export function effectiveTarget(config: Config, source: SourceConfig, url: SourceUrl): EffectiveTarget {
  const omits = Object.entries(source.collections).flatMap(([name, options]) =>
    options.omit === undefined ? [] : [[name, [...options.omit].sort()] as const],
  )
  const placeholders = Object.entries(source.collections).flatMap(([name, { placeholder }]) =>
    placeholder === undefined ? [] : [[name, placeholder] as const],
  )
  return {
    source: source.name,
    url: url.from === 'git-config' ? `git config tandem.source.${source.name}.url` : source.urlTemplate,
    database: redactUrl(url.url),
    variables: url.names,
    include: [...source.include].sort(),
    exclude: [...source.exclude].sort(),
    omit: Object.fromEntries(omits),
    ...(placeholders.length > 0 && { placeholder: Object.fromEntries(placeholders) }),
    exports: config.exports,
    exportOn: [...config.exportOn].sort(),
  }
}

/** The canonical text of a target (one line of JSON, names sorted): equal targets give equal texts. */
export function approvalText(target: EffectiveTarget): string {
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

const WORDS: readonly (readonly [name: keyof EffectiveTarget, words: string])[] = [
  ['url', 'url in the configuration'],
  ['database', 'database'],
  ['variables', 'variables read'],
  ['include', 'include'],
  ['exclude', 'exclude'],
  ['exports', 'exports folder'],
  ['exportOn', 'exported on'],
]

/**
 * The differences between two approval texts, one line each, in words for people: `database: postgres://a/x → postgres://b/x`, `exclude: no longer "sessions"`.
 * @param oldText what was approved; empty or unreadable: everything counts as new
 */
export function approvalDifference(oldText: string, newText: string): string[] {
  const before = readTarget(oldText)
  const after = readTarget(newText)
  const lines = WORDS.flatMap(([name, words]) => differenceOf(words, before[name], after[name]))
  return [...lines, ...fieldDifference(before, after)]
}

/** What of the data differs between two approval texts: where it goes, or only which collections travel, or only which fields of them (and what is put in place of those that do not). */
export function kindOfDifference(oldText: string, newText: string): 'target' | 'collections' | 'fields' {
  const [before, after] = [readTarget(oldText), readTarget(newText)]
  const differing = WORDS.filter(([name, words]) => differenceOf(words, before[name], after[name]).length > 0)
  if (differing.some(([name]) => name !== 'include' && name !== 'exclude')) return 'target'
  if (differing.length > 0) return 'collections'
  return fieldDifference(before, after).length > 0 ? 'fields' : 'target'
}

function fieldDifference(before: Partial<EffectiveTarget>, after: Partial<EffectiveTarget>): string[] {
  return [...omitDifference(before.omit, after.omit), ...placeholderDifference(before.placeholder, after.placeholder)]
}

function placeholderDifference(
  before: NonNullable<EffectiveTarget['placeholder']> = {},
  after: NonNullable<EffectiveTarget['placeholder']> = {},
): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  const at = (all: typeof before, name: string): object | undefined =>
    Object.hasOwn(all, name) ? all[name] : undefined
  return names.flatMap((name) => differenceOf(`placeholder of ${nameOf(name)}`, at(before, name), at(after, name)))
}

function nameOf(collection: string): string {
  return collection === '*' ? 'every collection' : printable(collection)
}

function readTarget(text: string): Partial<EffectiveTarget> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function omitDifference(before: EffectiveTarget['omit'] = {}, after: EffectiveTarget['omit'] = {}): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) => differenceOf(`omit of ${nameOf(name)}`, own(before, name), own(after, name)))
}

function own(omit: EffectiveTarget['omit'], name: string): readonly string[] | undefined {
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
