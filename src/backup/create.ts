/** Makes one archive: a recovery point over all sources. It is verified before it is encrypted, and gets its name only when it is whole. */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { diskSpace } from '../io/disk-space.ts'
import { fileDigest } from '../io/file-digest.ts'
import { TandemError, UsageError } from '../model/errors.ts'
import { sizeWords } from '../model/duration.ts'
import { type SourceFailure, asTandemError } from '../source/sources.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import { openArchive, readThrough } from './archive.ts'
import {
  type CatalogueEntry,
  type CataloguedSource,
  readCatalogue,
  updateCatalogue,
  writeSidecar,
} from './catalogue.ts'
import { type ArchiveKeys, encryptFile } from './encryption.ts'
import type { ArchivedRepository, ArchivedSource, Manifest } from './manifest.ts'
import { type ArchiveName, archiveFile, freeStamp, parseArchiveFile } from './names.ts'
import { filesBelow, pack } from './packing.ts'
import { ownFolder, withWorkFolder } from './place.ts'
import { RECOVER_FILE, recoverText } from './recover-text.ts'
import { type StagedSource, stageFiles, stageManifest, stageSource } from './stage.ts'
import { suspicion } from './suspect.ts'

/** What a backup is made of. */
export interface BackupOrder {
  readonly folder: string
  readonly format: ArchiveName['format']
  readonly trigger: string
  readonly sources: readonly StagedSource[]
  /** Configuration files, from the repository's root. */
  readonly files: readonly string[]
  readonly repository: ArchivedRepository
  readonly keys: ArchiveKeys | undefined
  /** Writes an archive even where nothing changed since the last one. */
  readonly always: boolean
}

export interface MadeBackup {
  readonly entry: CatalogueEntry
  /** False: the newest archive has the same content, and only its catalogue entry got this moment. */
  readonly isNew: boolean
  readonly failures: readonly SourceFailure[]
  readonly warnings: readonly string[]
}

/**
 * Makes a backup; the folder has to be locked (`withFolder`). A source that fails is left out and reported; without any source nothing is written.
 * @throws TandemError when the disk is too full, or what was written cannot be read back
 */
export async function createBackup(workspace: Workspace, order: BackupOrder): Promise<MadeBackup> {
  const { folder, keys } = order
  if (keys !== undefined && keys.recipients.length === 0 && keys.passphrase === undefined)
    throw new UsageError('backup.encrypt names no recipient, and the variable of its passphrase is not set')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await checkSpace(order)
  const ms = workspace.invocation.nowMs()
  const before = await readCatalogue(folder)
  return withWorkFolder(ownFolder(folder), async (work) => {
    const stage = path.join(work, 'stage')
    const { sources, failures } = await stageAll(workspace, order, stage)
    await stageFiles(stage, workspace.repository.root, order.files)
    const manifest = await stageManifest(workspace, stage, {
      time: new Date(ms).toISOString(),
      trigger: order.trigger,
      sources,
      missing: failures.map(({ source, error }) => ({ name: source, message: error.message })),
      configuration: order.files,
      repository: order.repository,
    })
    const suspect = suspicion(sources, before)
    const warnings = sources.flatMap((source) => source.warnings.map((each) => `${source.name}: ${each}`))
    const twin = order.always || failures.length > 0 ? undefined : await sameContent(order, before, manifest.content)
    if (twin !== undefined) {
      const moment = { time: manifest.time, trigger: order.trigger }
      const entry = { ...twin, also: [...twin.also, moment] }
      await updateCatalogue(folder, [entry])
      return { entry, isNew: false, failures, warnings }
    }
    const stamp = freeStamp(ms, new Set(before.map(({ file }) => parseArchiveFile(file)?.stamp ?? '')))
    const name = { stamp, trigger: order.trigger, format: order.format, encrypted: false }
    const packed = await packVerified(workspace, { work, stage, name })
    const entry = await putInPlace(workspace, order, { packed, name, manifest, suspect })
    return { entry, isNew: true, failures, warnings }
  })
}

/** Three times the size of the databases: the dump, the records as text, and the archive. Short rows take more; a disk that gets full half-way is noticed, too. @throws TandemError */
async function checkSpace({ folder, sources }: BackupOrder): Promise<void> {
  let needed = 0
  for (const { dumps } of sources) needed += 3 * (await dumps.sizeBytes().catch(() => 0))
  const { freeBytes } = await diskSpace(folder)
  if (needed <= freeBytes) return
  throw new TandemError(
    { code: 'backup', exitCode: 1 },
    `${folder}: ${sizeWords(freeBytes)} are free, and a backup needs about ${sizeWords(needed)}`,
    { hint: 'Free some space (tandem backup prune), or name another folder: "backup": {"folder": …}' },
  )
}

async function stageAll(
  workspace: Workspace,
  order: BackupOrder,
  stage: string,
): Promise<{ readonly sources: readonly ArchivedSource[]; readonly failures: readonly SourceFailure[] }> {
  const sources: ArchivedSource[] = []
  const failures: SourceFailure[] = []
  for (const source of order.sources)
    try {
      sources.push(await stageSource(stage, source, workspace.invocation.progress))
    } catch (error) {
      failures.push({ source: source.name, error: asTandemError(error) })
      await rm(path.join(stage, 'sources', source.name), { recursive: true, force: true })
    }
  const [first] = failures
  if (sources.length === 0 && first !== undefined) throw first.error
  return { sources, failures }
}

/** The newest archive that counts, if it has this content, is encrypted or not as is asked for now, and is still what the catalogue says. */
async function sameContent(
  { folder, keys }: BackupOrder,
  entries: readonly CatalogueEntry[],
  content: string,
): Promise<CatalogueEntry | undefined> {
  const newest = entries.at(-1)
  if (newest?.content !== content || newest.readable === undefined || newest.problem !== undefined) return undefined
  if (parseArchiveFile(newest.file)?.encrypted !== (keys !== undefined)) return undefined
  const found = await fileDigest(path.join(folder, newest.file)).catch(() => undefined)
  return found?.sha256 === newest.sha256 ? newest : undefined
}

interface ArchiveToPack {
  readonly work: string
  readonly stage: string
  readonly name: ArchiveName
}

/** Packs the stage and reads the archive to its end. Returns its temporary file. */
async function packVerified({ invocation }: Workspace, { work, stage, name }: ArchiveToPack): Promise<string> {
  const file = archiveFile(name)
  const packed = path.join(work, file)
  invocation.progress(`packing ${file}`)
  const files = await filesBelow(stage)
  await pack(stage, ['manifest.json', ...files.filter((each) => each !== 'manifest.json')], {
    file: packed,
    format: name.format,
  })
  await rm(stage, { recursive: true })
  invocation.progress(`reading ${file} back`)
  const check = path.join(work, 'check')
  await mkdir(check)
  await readThrough(await openArchive(packed, check, file), invocation.environment)
  await rm(check, { recursive: true })
  return packed
}

interface ArchiveToPlace {
  readonly packed: string
  readonly name: ArchiveName
  readonly manifest: Manifest
  readonly suspect: string | undefined
}

/** Encrypts where that is configured, writes the sidecar, then renames: an archive under its own name is always whole. */
async function putInPlace(workspace: Workspace, order: BackupOrder, made: ArchiveToPlace): Promise<CatalogueEntry> {
  const { folder, keys } = order
  const { manifest, suspect } = made
  const name = { ...made.name, encrypted: keys !== undefined }
  const file = archiveFile(name)
  let { packed } = made
  if (keys !== undefined) {
    workspace.invocation.progress(`encrypting ${file}`)
    await encryptFile({ from: packed, to: `${packed}.age` }, keys, workspace.invocation.environment)
    packed = `${packed}.age`
  }
  const digest = await fileDigest(packed)
  await writeSidecar(folder, file, digest.sha256)
  await rename(packed, path.join(folder, file))
  await syncFolder(folder)
  const entry: CatalogueEntry = {
    file,
    time: manifest.time,
    trigger: manifest.trigger,
    asset: manifest.asset,
    ...digest,
    content: manifest.content,
    sources: manifest.sources.map(cataloguedSource),
    missing: manifest.missing,
    also: [],
    readable: new Date(workspace.invocation.nowMs()).toISOString(),
    proven: {},
    ...(suspect !== undefined && { suspect }),
  }
  await updateCatalogue(folder, [entry])
  await writeAtomically(path.join(folder, RECOVER_FILE), recoverText())
  return entry
}

/** What the catalogue says of a source. */
export function cataloguedSource({ name, engine, digest, records }: ArchivedSource): CataloguedSource {
  return { name, engine, digest, records }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().catch(() => undefined) // some systems cannot sync a folder
  await handle.close()
}
