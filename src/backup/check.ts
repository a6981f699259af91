/**
 * Checks an archive, on three levels. Sound: its digest is that of the catalogue and of the sidecar. Readable: it was read to its end, every record and every dump. Proven: it was restored
 * into a scratch database whose records have the same digest.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Dumps } from '../adapters/dump.ts'
import { type FileDigest, fileDigest } from '../io/file-digest.ts'
import { GuardError, TandemError, UnreachableError } from '../model/errors.ts'
import type { Invocation } from '../workspace/workspace.ts'
import { type OpenedArchive, openArchive, readThrough } from './archive.ts'
import { type CatalogueEntry, sidecarDigest, writeSidecar, GONE } from './catalogue.ts'
import { cataloguedSource } from './create.ts'
import { type ArchiveKeys, canRead, decryptFile } from './encryption.ts'
import { parseArchiveFile } from './names.ts'
import { withWorkFolder } from './place.ts'
import { proveSource } from './prove.ts'

export type BackupLevel = 'sound' | 'readable' | 'proven'

/** How archives are opened. */
export interface OpeningOptions {
  readonly folder: string
  /** Where work folders may be. */
  readonly work: string
  readonly keys: ArchiveKeys | undefined
  readonly invocation: Invocation
}

export interface CheckOptions extends OpeningOptions {
  readonly level: BackupLevel
  /** The dumps of a source's database; undefined: it is not configured here, and cannot be proven. */
  readonly dumpsOf: (source: string) => Promise<Dumps | undefined>
}

export interface CheckedArchive {
  /** What the catalogue says of it from now on. */
  readonly entry: CatalogueEntry
  /** The level that it reached; undefined: it is damaged. */
  readonly level: BackupLevel | undefined
  /** Why the wanted level was not reached although nothing is wrong, in sentences. */
  readonly notes: readonly string[]
}

/** Checks one archive. Damage is an answer, not an error. @throws TandemError for what is no damage, such as a full disk */
export async function checkArchive(entry: CatalogueEntry, options: CheckOptions): Promise<CheckedArchive> {
  const { problem: _before, ...clean } = entry
  try {
    const digest = await checkSound(entry, options)
    const sound = { ...clean, ...digest }
    if (options.level === 'sound') return { entry: sound, level: 'sound', notes: [] }
    if (parseArchiveFile(entry.file)?.encrypted === true && !canRead(options.keys))
      return {
        entry: sound,
        level: 'sound',
        notes: ['it is encrypted, and this machine has no identity for it: it can be neither read nor proven here'],
      }
    return await withOpened(entry, options, (archive) => checkContent(archive, sound, options))
  } catch (error) {
    if (!(error instanceof TandemError) || error.exitCode !== 4) throw error
    return { entry: { ...clean, problem: error.message }, level: undefined, notes: [] }
  }
}

/** The file's digest, if it is that of the catalogue and of the sidecar. A sidecar that is missing is made again. @throws DamagedError */
async function checkSound(entry: CatalogueEntry, { folder, invocation }: CheckOptions): Promise<FileDigest> {
  const { file, sha256 } = entry
  invocation.progress(`reading ${file}`)
  const found = await fileDigest(path.join(folder, file)).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? damaged(GONE) : error
  })
  const beside = await sidecarDigest(folder, file)
  if (sha256 !== '' && sha256 !== found.sha256) throw damaged('it was changed since it was written (SHA-256)')
  if (beside !== undefined && beside !== found.sha256)
    throw damaged(`it is not what ${file}.sha256 says${sha256 === '' ? '' : '; the catalogue agrees with the archive'}`)
  if (beside === undefined && sha256 !== '') await writeSidecar(folder, file, sha256)
  return found
}

function damaged(message: string): TandemError {
  return new TandemError({ code: 'damaged', exitCode: 4 }, message)
}

/** Opens an archive in a work folder of its own. @throws DamagedError, UsageError when it is encrypted and this machine has no key */
export async function withOpened<Result>(
  { file }: Pick<CatalogueEntry, 'file'>,
  options: OpeningOptions,
  work: (archive: OpenedArchive, folder: string) => Promise<Result>,
): Promise<Result> {
  return withWorkFolder(options.work, async (folder) => {
    const { invocation, keys } = options
    const plain = file.replace(/\.age$/, '')
    let archive = path.join(options.folder, file)
    if (plain !== file) {
      invocation.progress(`decrypting ${file}`)
      await decryptFile({ from: archive, to: path.join(folder, plain) }, keys, invocation.environment)
      archive = path.join(folder, plain)
    }
    invocation.progress(`unpacking ${file}`)
    const content = path.join(folder, 'content')
    await mkdir(content)
    return work(await openArchive(archive, content, plain), folder)
  })
}

async function checkContent(
  archive: OpenedArchive,
  sound: CatalogueEntry,
  options: CheckOptions,
): Promise<CheckedArchive> {
  const { invocation } = options
  await readThrough(archive, invocation.environment)
  const { manifest } = archive
  const now = new Date(invocation.nowMs()).toISOString()
  const entry: CatalogueEntry = {
    ...sound,
    time: manifest.time,
    asset: manifest.asset,
    content: manifest.content,
    sources: manifest.sources.map(cataloguedSource),
    missing: manifest.missing,
    readable: now,
  }
  if (options.level === 'readable') return { entry, level: 'readable', notes: [] }
  const { proven, notes } = await proveAll(archive, options)
  const isProven = manifest.sources.every(({ name }) => proven.includes(name))
  return {
    entry: { ...entry, proven: { ...sound.proven, ...Object.fromEntries(proven.map((name) => [name, now])) } },
    level: isProven ? 'proven' : 'readable',
    notes,
  }
}

/** Proves each source where that is possible. @throws DamagedError when one of them cannot be restored */
async function proveAll(
  archive: OpenedArchive,
  options: CheckOptions,
): Promise<{ readonly proven: readonly string[]; readonly notes: readonly string[] }> {
  const proven: string[] = []
  const notes: string[] = []
  for (const source of archive.manifest.sources) {
    const { name } = source
    options.invocation.progress(`restoring ${name} into a scratch database`)
    const dumps = await options.dumpsOf(name)
    if (dumps?.engine !== source.engine) {
      notes.push(`${name}: no ${source.engine} database is configured here to prove it with`)
      continue
    }
    try {
      const { scratch, isWhole, shortfalls } = await proveSource(archive, source, {
        dumps,
        folder: path.dirname(archive.folder),
      })
      await scratch.drop()
      notes.push(...shortfalls.map((each) => `${name}: ${each}`))
      if (isWhole) proven.push(name)
    } catch (error) {
      if (!(error instanceof GuardError || error instanceof UnreachableError)) throw error
      notes.push(`${name} cannot be proven here: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`)
    }
  }
  return { proven, notes }
}
