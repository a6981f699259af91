/** The shapes of a configuration: as it stands in the file, and resolved with its defaults. Types only, so that every other file of this room can share them. */
import type { ArrayRule } from '../model/rules.ts'

/** Options of one collection, as documented in templates/config.schema.json. */
export interface CollectionOptions {
  readonly key?: readonly string[]
  readonly identity?: readonly string[]
  readonly newest?: string
  readonly critical?: readonly string[]
  readonly arrays?: Readonly<Record<string, ArrayRule>>
  readonly counters?: readonly string[]
  readonly onDeleteModify?: 'keep'
  readonly omit?: readonly string[]
  readonly guard?: { readonly deletes?: string | number }
  readonly derived?: readonly string[]
  readonly zone?: string
  readonly folder?: string
  /** Field → the collection whose key it holds; false: it holds no key, whatever it is called. */
  readonly references?: Readonly<Record<string, string | false>>
}

type ExportMoment = 'push' | 'commit'

/** One source as the file has it, after validation. */
interface SourceOptions {
  readonly url: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly collections?: Readonly<Record<string, CollectionOptions>>
}

/** The whole file, after validation against the schema. */
export interface ConfigOptions {
  readonly exports?: string
  readonly branches?: readonly string[]
  readonly exportOn?: readonly ExportMoment[]
  readonly sources: Readonly<Record<string, SourceOptions>>
}

/** A path of option names from the top of the file: `['sources', 'app', 'url']`. */
export type OptionPath = readonly string[]

/** A validated file that still knows its lines. */
export interface ConfigFile {
  readonly path: string
  readonly options: ConfigOptions
  /** `tandem.config.json:7: sources.app.url`, for messages. */
  readonly where: (option: OptionPath) => string
}

export interface SourceConfig {
  readonly name: string
  /** As written, placeholders and all; `sourceUrl` resolves it. */
  readonly urlTemplate: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly collections: Readonly<Record<string, CollectionOptions>>
}

export interface Config {
  /** The configuration file, as given to `parseConfig`. */
  readonly path: string
  /** Folder of the exports: relative to the repository's root, `/` between its parts, inside the work tree and outside `.git`. */
  readonly exports: string
  /** Globs of carrying branches; undefined: the branch that `init` ran on. */
  readonly branches: readonly string[] | undefined
  readonly exportOn: readonly ExportMoment[]
  readonly sources: readonly SourceConfig[]
}
