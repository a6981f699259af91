/** Which names a configuration means: collections by `include` and `exclude`, options by collection, branches by glob. */
import picomatch from 'picomatch'
import type { CollectionOptions, SourceConfig } from './config.ts'
import { nearestName } from './nearest.ts'
import { neverExportedReason } from './never-exported.ts'

interface NotIncluded {
  readonly name: string
  /** In words for people. */
  readonly reason: string
}

export interface CollectionSelection {
  readonly included: readonly string[]
  readonly leftOut: readonly NotIncluded[]
}

/** Divides the collections of a database, in the order given, into those that are exported and those that are not and why. `exclude` is stronger than everything. */
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

/** Globs as people expect them of table names: `*` stands for any characters, dots and slashes too; a name written exactly always matches itself. */
function matchesAny(globs: readonly string[], name: string): boolean {
  return globs.some((glob) => spellings(name).some((spelling) => spelling === glob || globMatches(glob, spelling)))
}

function globMatches(glob: string, name: string): boolean {
  const options = { dot: true, nonegate: true, noextglob: true, windows: false }
  return picomatch(flat(glob), options)(flat(name))
}

/** picomatch keeps `*` from crossing a slash, which in a table's name is a character like others. */
function flat(text: string): string {
  return text.replaceAll('/', '\u2215')
}

/** A name and, where it states no schema, the same with PostgreSQL's default schema. */
function spellings(name: string): readonly string[] {
  return /^("([^"]|"")*"|[^".]+)$/.test(name) ? [name, `public.${name}`] : [name]
}

/** True when two names mean one collection: `traders` and `public.traders`. */
export function namesSame(a: string, b: string): boolean {
  return spellings(a).includes(b) || spellings(b).includes(a)
}

/** The options of a collection: the entry with its name (with or without `public.`) laid over `*`, option by option. */
export function optionsFor(source: SourceConfig, collection: string): CollectionOptions {
  return { ...entryOf(source, '*'), ...ownOptions(source, collection) }
}

function ownOptions(source: SourceConfig, collection: string): CollectionOptions | undefined {
  const exact = entryOf(source, collection)
  if (exact !== undefined || collection === '*') return exact
  const named = Object.keys(source.collections).find((name) => namesSame(name, collection))
  return named === undefined ? undefined : entryOf(source, named)
}

/** Own entries only: a table may be called `constructor`. */
function entryOf(source: SourceConfig, name: string): CollectionOptions | undefined {
  return Object.hasOwn(source.collections, name) ? source.collections[name] : undefined
}

export interface UnknownName {
  readonly name: string
  readonly nearest: string | undefined
}

/** Entries of `collections` that fit none of the database's collections, each with the existing name that was probably meant. A warning, as tables come and go. */
export function unknownCollections(source: SourceConfig, names: readonly string[]): UnknownName[] {
  return Object.keys(source.collections)
    .filter((entry) => entry !== '*' && !names.some((name) => namesSame(entry, name)))
    .map((name) => ({ name, nearest: nearestName(name, names) }))
}

/** True when a branch carries the data. `*` does not cross a slash here, `**` does, as in git's own refspecs and ignore files. */
export function branchCarries(branches: readonly string[], branch: string): boolean {
  const options = { dot: true, nonegate: true, noextglob: true, windows: false }
  return branches.some((glob) => glob === branch || picomatch(glob, options)(branch))
}
