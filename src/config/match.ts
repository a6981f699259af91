/** Compares names with the configuration: collections with `include` and `exclude` and with the entries of `collections`, branches with their globs. */
import picomatch from 'picomatch'
import type { CollectionOptions, SourceConfig } from './config.ts'
import { nearestName } from './nearest.ts'
import { neverExportedReason } from './never-exported.ts'

interface NotIncluded {
  readonly name: string
  /** In words for people. */
  readonly reason: string
}

/** The collections of a database, divided by the configuration. */
export interface CollectionSelection {
  readonly included: readonly string[]
  readonly leftOut: readonly NotIncluded[]
}

/** Divides the collections of a database into those that are exported and those that are not, with the reason, both in the order given. A collection matched by `exclude` is never exported. */
export function selectCollections(source: SourceConfig, names: readonly string[]): CollectionSelection {
  const included: string[] = []
  const leftOut: NotIncluded[] = []
  for (const name of names) {
    const reason = reasonLeftOut(source, name)
    if (reason === undefined) included.push(name)
    else leftOut.push({ name, reason })
  }
  return { included, leftOut }
}

function reasonLeftOut(source: SourceConfig, name: string): string | undefined {
  if (!matchesAny(source.include, name)) return 'not matched by "include"'
  if (matchesAny(source.exclude, name)) return 'matched by "exclude"'
  const namedExactly = [...source.include, ...Object.keys(source.collections)].some((named) => namesSame(named, name))
  return namedExactly ? undefined : neverExportedReason(name)
}

/** True when a glob matches the name. `*` stands for any characters, also dots and slashes; a name written exactly always matches itself. */
function matchesAny(globs: readonly string[], name: string): boolean {
  return globs.some((glob) => spellings(name).some((spelling) => spelling === glob || globMatches(glob, spelling)))
}

function globMatches(glob: string, name: string): boolean {
  const options = { dot: true, nonegate: true, noextglob: true, windows: false }
  return picomatch(flat(glob), options)(flat(name))
}

/** The text with slashes replaced: picomatch does not let `*` match a slash, which in a table's name is a character like any other. */
function flat(text: string): string {
  return text.replaceAll('/', '\u2215')
}

/** The name, and the name with PostgreSQL's default schema `public.` if it has no schema. */
function spellings(name: string): readonly string[] {
  return /^("([^"]|"")*"|[^".]+)$/.test(name) ? [name, `public.${name}`] : [name]
}

/** True when two names mean one collection: `traders` and `public.traders`. */
export function namesSame(a: string, b: string): boolean {
  return spellings(a).includes(b) || spellings(b).includes(a)
}

/** The options of a collection: those of the entry `*`, replaced option by option by those of its own entry (with or without `public.`). */
export function optionsFor(source: SourceConfig, collection: string): CollectionOptions {
  return { ...entryOf(source, '*'), ...ownOptions(source, collection) }
}

/** The options of the collection's own entry, without those of `*`; undefined when it has none. */
export function ownOptions(source: SourceConfig, collection: string): CollectionOptions | undefined {
  const exact = entryOf(source, collection)
  if (exact !== undefined || collection === '*') return exact
  const named = Object.keys(source.collections).find((name) => namesSame(name, collection))
  return named === undefined ? undefined : entryOf(source, named)
}

/** Own properties only: a table may be called `constructor`. */
function entryOf(source: SourceConfig, name: string): CollectionOptions | undefined {
  return Object.hasOwn(source.collections, name) ? source.collections[name] : undefined
}

/** A name that the database does not have, and the existing name that was probably meant. */
export interface UnknownName {
  readonly name: string
  readonly nearest: string | undefined
}

/** Entries of `collections` that fit none of the database's collections. Callers only warn about them, because a table may be missing for a while. */
export function unknownCollections(source: SourceConfig, names: readonly string[]): UnknownName[] {
  return Object.keys(source.collections)
    .filter((entry) => entry !== '*' && !names.some((name) => namesSame(entry, name)))
    .map((name) => ({ name, nearest: nearestName(name, names) }))
}

/** True when the branch carries the data. In these globs `*` does not match a slash and `**` does, as in git's refspecs and ignore files. */
export function branchCarries(branches: readonly string[], branch: string): boolean {
  const options = { dot: true, nonegate: true, noextglob: true, windows: false }
  return branches.some((glob) => glob === branch || picomatch(glob, options)(branch))
}
