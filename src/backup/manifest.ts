/** `manifest.json` of an archive: what it holds, of which moment, with the digest of everything. Types and reading; pure. */
import { DamagedError } from '../model/errors.ts'

export const MANIFEST_FORMAT = 1

/** A file of an archive. */
export interface ArchivedFile {
  /** From the archive's root, `/` between its parts. */
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** The records of a collection, one file. */
export interface ArchivedCollection {
  readonly name: string
  /** Folder of its files in the archive. */
  readonly folder: string
  readonly records: number
  /** As `tandem verify` computes it, over all fields. */
  readonly digest: string
}

export interface ArchivedSource {
  readonly name: string
  readonly engine: string
  /** For people: `data/app.db`, `telegram`. It has no password. */
  readonly database: string
  readonly server: string
  /** The digest of all collections. */
  readonly digest: string
  readonly records: number
  readonly collections: readonly ArchivedCollection[]
  /** SHA-256 of the text of the structure; empty where it is not known. */
  readonly structure: string
  /** Path of the engine's own dump; undefined: only the portable archive. */
  readonly dump?: string
  /** What a new database has to be created with. */
  readonly facts: Readonly<Record<string, string>>
  /** What is missing, in sentences. */
  readonly warnings: readonly string[]
}

/** Where the repository was. */
export interface ArchivedRepository {
  readonly head?: string
  readonly branch?: string
  /** Ref → commit. */
  readonly refs: Readonly<Record<string, string>>
}

export interface Manifest {
  readonly format: number
  /** ISO 8601, UTC. */
  readonly time: string
  readonly trigger: string
  readonly asset: string
  readonly tool: string
  readonly repository?: ArchivedRepository
  readonly sources: readonly ArchivedSource[]
  /** Sources that could not be backed up, with the reason. */
  readonly missing: readonly { readonly name: string; readonly message: string }[]
  /** Configuration files, by their path in the work tree. */
  readonly configuration: readonly string[]
  /** SHA-256 over everything but times and the repository: equal for equal content. */
  readonly content: string
  /** Every file but the manifest itself. */
  readonly files: readonly ArchivedFile[]
}

/** Reads a manifest. @throws DamagedError when it is none, or of a newer format */
export function parseManifest(text: string, path: string): Manifest {
  const value = jsonOf(text, path) as Partial<Manifest> | null
  if (typeof value?.format !== 'number') throw new DamagedError({ path }, 'no manifest of a backup')
  if (value.format > MANIFEST_FORMAT)
    throw new DamagedError({ path }, `format ${value.format} is newer than this tandem reads (${MANIFEST_FORMAT})`, {
      hint: 'Upgrade tandem.',
    })
  const { files, sources, configuration, missing } = value
  const isWhole =
    isList(files, isFile) &&
    isList(sources, isSource) &&
    Array.isArray(missing) &&
    isList(configuration, (each) => typeof each === 'string') &&
    [value.time, value.trigger, value.asset, value.content].every((each) => typeof each === 'string')
  if (!isWhole) throw new DamagedError({ path }, 'the manifest lacks a part')
  return value as Manifest
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DamagedError({ path }, `no JSON: ${(error as Error).message}`)
  }
}

function isList(value: unknown, check: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(check)
}

/** A path that could leave the folder into which an archive is unpacked is none. */
function isFile(value: unknown): boolean {
  const file = value as Partial<ArchivedFile> | null
  return (
    typeof file?.path === 'string' &&
    isInnerPath(file.path) &&
    typeof file.sizeBytes === 'number' &&
    /^[0-9a-f]{64}$/.test(file.sha256 ?? '')
  )
}

/** True for a relative path without `..`, as archives of this tool have them. */
export function isInnerPath(path: string): boolean {
  return !/^[/\\]|^[a-z]:|\\|\p{Cc}/iu.test(path) && path.split('/').every((part) => !['', '.', '..'].includes(part))
}

function isSource(value: unknown): boolean {
  const source = value as Partial<ArchivedSource> | null
  return (
    typeof source?.name === 'string' &&
    typeof source.digest === 'string' &&
    typeof source.records === 'number' &&
    (source.dump === undefined || isInnerPath(source.dump)) &&
    isList(source.collections, (each) => isInnerPath((each as Partial<ArchivedCollection> | null)?.folder ?? ''))
  )
}
