/** An archive that is opened: decrypted where need be, unpacked into a work folder, and every file of it checked against the manifest and against itself. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { openDumps } from '../adapters/open-dumps.ts'
import { fileDigest } from '../io/file-digest.ts'
import { DamagedError } from '../model/errors.ts'
import type { Invocation } from '../workspace/workspace.ts'
import { type ArchivedSource, type Manifest, parseManifest } from './manifest.ts'
import { parseArchiveFile } from './names.ts'
import { filesBelow, unpack } from './packing.ts'
import { digestPortable, openPortable, summaryOf } from './portable.ts'

export interface OpenedArchive {
  readonly folder: string
  readonly manifest: Manifest
}

export const MANIFEST = 'manifest.json'

/** The digest of the manifest, which has those of all other files, in the form of `sha256sum`. A zip can be damaged without any of its own checks failing. */
export const MANIFEST_DIGEST = 'manifest.json.sha256'

/** Unpacks `file` into the empty folder `work`; `name` is its archive's name without `.age`. @throws DamagedError */
export async function openArchive(file: string, work: string, name: string): Promise<OpenedArchive> {
  const parsed = parseArchiveFile(name)
  if (parsed === undefined) throw new DamagedError({ path: name }, 'is not named as an archive')
  await unpack(file, parsed.format, work)
  const text = await readFile(path.join(work, MANIFEST), 'utf8').catch(() => {
    throw new DamagedError({ path: name }, 'has no manifest.json')
  })
  const { sha256 } = await fileDigest(path.join(work, MANIFEST))
  if ((await readFile(path.join(work, MANIFEST_DIGEST), 'utf8').catch(() => '')) !== digestLine(sha256))
    throw new DamagedError({ path: `${name}:${MANIFEST}` }, `is not what ${MANIFEST_DIGEST} says`)
  return { folder: work, manifest: parseManifest(text, `${name}:${MANIFEST}`) }
}

/** What `MANIFEST_DIGEST` holds. */
export function digestLine(sha256: string): string {
  return `${sha256}  ${MANIFEST}\n`
}

/** Reads everything in an opened archive: each file's digest, each record, each dump to its end. @throws DamagedError naming the first thing that does not fit */
export async function readThrough(archive: OpenedArchive, environment: Invocation['environment']): Promise<void> {
  const { folder, manifest } = archive
  await checkFiles(archive)
  for (const source of manifest.sources) {
    await checkRecords(folder, source)
    if (source.dump !== undefined) await checkDump(source, path.join(folder, source.dump), environment)
  }
}

async function checkFiles({ folder, manifest }: OpenedArchive): Promise<void> {
  const present = new Set(await filesBelow(folder))
  for (const own of [MANIFEST, MANIFEST_DIGEST]) present.delete(own)
  for (const { path: name, sha256, sizeBytes } of manifest.files) {
    if (!present.delete(name)) throw new DamagedError({ path: name }, 'is missing in the archive')
    const found = await fileDigest(path.join(folder, name))
    if (found.sha256 !== sha256 || found.sizeBytes !== sizeBytes)
      throw new DamagedError({ path: name }, 'is not what the manifest says (SHA-256)')
  }
  const [extra] = present
  if (extra !== undefined) throw new DamagedError({ path: extra }, 'is in the archive and not in its manifest')
}

/** Where the portable archive of a source is, from the archive's root. */
export function portableFolder(source: string): string {
  return `sources/${source}/collections`
}

async function checkRecords(folder: string, source: ArchivedSource): Promise<void> {
  for (const { name, digest, records, folder: own } of source.collections) {
    const place = `${portableFolder(source.name)}/${own}`
    const found = await digestPortable(await openPortable(path.join(folder, place)))
    if (found.digest !== digest || found.records !== records)
      throw new DamagedError({ path: place }, `the records of ${name} have another digest than the manifest says`)
  }
  if (summaryOf(source.collections).digest !== source.digest)
    throw new DamagedError({ path: MANIFEST }, `the digest of ${source.name} does not fit its collections`)
}

/** URLs of databases that are never connected to: to read a dump, only the engine has to be known. */
const NOWHERE: Readonly<Record<string, string>> = {
  sqlite: 'sqlite:/nowhere',
  postgres: 'postgres://localhost/nowhere',
  mongodb: 'mongodb://localhost/nowhere',
}

async function checkDump(
  { name, engine }: ArchivedSource,
  dump: string,
  environment: Invocation['environment'],
): Promise<void> {
  const url = NOWHERE[engine]
  if (url === undefined) throw new DamagedError({ path: MANIFEST }, `${name}: no engine is called ${engine}`)
  const dumps = await openDumps(url, { source: name, root: path.dirname(dump), environment })
  const problem = await dumps.problemOf(dump)
  if (problem !== undefined)
    throw new DamagedError({ path: path.basename(dump) }, `cannot be read to its end: ${problem}`)
}
