/** The types of a configuration: as it is in the file, and resolved with its defaults. Only types, so that every file of this folder can import them. */
import type { Placeholder } from '../model/collection.ts'
import type { ArrayRule } from '../model/rules.ts'
import type { BackupConfig, BackupOptions } from './backup.ts'
import type { MirrorConfig, MirrorOptions } from './mirror.ts'
import type { HealthConfig, HealthOptions, QueueConfig, QueueOptions } from './health.ts'
import type { NotifyConfig, NotifyOptions } from './notify.ts'
import type { ScheduleConfig, ScheduleOptions } from './schedule.ts'

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
  /** Omitted field → what records that arrive get in it. */
  readonly placeholder?: Readonly<Record<string, Placeholder>>
  readonly guard?: { readonly deletes?: string | number }
  readonly derived?: readonly string[]
  readonly triggers?: readonly string[] | 'none'
  readonly zone?: string
  readonly folder?: string
  /** Field → the collection whose key it holds. */
  readonly references?: Readonly<Record<string, FieldReference>>
}

/** The collection whose key a field holds; `none` or false: it holds no key, although it may look like it; or, where another field says which collection is meant, that field and a collection for each of its values. */
export type FieldReference =
  | string
  | false
  | { readonly by: string; readonly to: Readonly<Record<string, string | false>> }

type ExportMoment = 'push' | 'commit'

/** One source as the file has it, after validation. */
export interface SourceOptions {
  readonly url: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly collections?: Readonly<Record<string, CollectionOptions>>
}

/** How data commits look to people and to a server's rules. */
export interface CommitLook {
  /** The subject; `{summary}` stands for `app +5 ~2 -0`. */
  readonly message: string
  /** `Name <mail>`; undefined: the user. */
  readonly author: string | undefined
  readonly signoff: boolean
  /** The user's own pre-push hook is asked about the data commit too. */
  readonly verify: boolean
}

/** The whole file, after validation against the schema. */
export interface ConfigOptions {
  readonly exports?: string
  readonly branches?: readonly string[]
  readonly exportOn?: readonly ExportMoment[]
  readonly commit?: { readonly [Name in keyof CommitLook]?: Exclude<CommitLook[Name], undefined> }
  readonly schedule?: ScheduleOptions
  readonly health?: HealthOptions
  readonly notify?: NotifyOptions
  readonly queue?: QueueOptions
  readonly sources: Readonly<Record<string, SourceOptions>>
  readonly backup?: BackupOptions
  readonly mirror?: MirrorOptions
}

/** A path of option names from the top of the file: `['sources', 'app', 'url']`. */
export type OptionPath = readonly string[]

/** A validated configuration file whose options can still be found by line. */
export interface ConfigFile {
  readonly path: string
  readonly options: ConfigOptions
  /** `tandem.config.json:7: sources.app.url`, for messages. */
  readonly where: (option: OptionPath) => string
}

/** One source with its defaults. */
export interface SourceConfig {
  readonly name: string
  /** The URL as written, with its placeholders; `sourceUrl` fills them in. */
  readonly urlTemplate: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly collections: Readonly<Record<string, CollectionOptions>>
}

/** The whole configuration with its defaults. */
export interface Config {
  /** The configuration file, as given to `parseConfig`. */
  readonly path: string
  /** Folder of the exports: relative to the repository's root, `/` between its parts, inside the work tree and outside `.git`. */
  readonly exports: string
  /** Globs of the branches that carry the data; undefined: only the branch that `init` ran on. */
  readonly branches: readonly string[] | undefined
  readonly exportOn: readonly ExportMoment[]
  readonly commit: CommitLook
  /** The words at the top of the file. A mirror or backups are configured where their word is. */
  readonly words: readonly string[]
  readonly schedule: ScheduleConfig
  readonly health: HealthConfig
  readonly notify: NotifyConfig
  readonly queue: QueueConfig
  readonly sources: readonly SourceConfig[]
  readonly backup: BackupConfig
  /** undefined: there is no second drive. */
  readonly mirror: MirrorConfig | undefined
}
