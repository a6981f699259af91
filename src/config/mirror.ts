/** The word `mirror` of a configuration: as it is written, and with its defaults. docs/mirror.md describes it. */
import { durationMs, sizeBytes } from '../model/duration.ts'

/** As written. */
export interface MirrorOptions {
  /** The mirror's folder: absolute, or relative to the root; may have `${NAME}`. */
  readonly to: string
  readonly mode?: 'two-way' | 'one-way'
  readonly exclude?: readonly string[]
  readonly critical?: readonly string[]
  readonly onCommit?: boolean
  readonly git?: boolean
  readonly keepVersions?: number
  readonly trash?: { readonly days?: number; readonly size?: string }
  readonly guard?: { readonly deletes?: string | number }
}

export interface MirrorConfig {
  readonly to: string
  readonly mode: 'two-way' | 'one-way'
  /** Patterns as in .gitignore, besides those that always hold. */
  readonly exclude: readonly string[]
  /** Of these files a person chooses where both sides changed one. */
  readonly critical: readonly string[]
  readonly onCommit: boolean
  readonly git: boolean
  readonly keepVersions: number
  readonly trash: { readonly keepMs: number; readonly sizeBytes: number }
  /** So many deletes of files on one side are done without asking: a number, or a share such as `20%`. */
  readonly guard: string | number
}

/** The configuration with its defaults; undefined: no mirror. */
export function resolveMirror(options: MirrorOptions | undefined): MirrorConfig | undefined {
  if (options === undefined) return undefined
  return {
    to: options.to,
    mode: options.mode ?? 'two-way',
    exclude: options.exclude ?? [],
    critical: options.critical ?? [],
    onCommit: options.onCommit ?? true,
    git: options.git ?? true,
    keepVersions: options.keepVersions ?? 10,
    trash: {
      keepMs: (options.trash?.days ?? 30) * (durationMs('1d') as number),
      sizeBytes: sizeBytes(options.trash?.size ?? '1GB') as number,
    },
    guard: options.guard?.deletes ?? '20%',
  }
}
