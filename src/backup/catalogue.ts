/**
 * The catalogue of a folder of backups: what is known of each archive without opening it. Beside each archive there is also a sidecar file with its digest, so that a lost catalogue
 * loses no check; archives that it does not name are taken up from the folder.
 */
import { readFile, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { DamagedError } from '../model/errors.ts'
import { parseArchiveFile, stampMs } from './names.ts'

/** What the catalogue says of a source in an archive. */
export interface CataloguedSource {
  readonly name: string
  readonly engine: string
  readonly digest: string
  readonly records: number
}

/** A moment whose content was that of an archive which was there already. */
export interface LaterMoment {
  readonly time: string
  readonly trigger: string
}

export interface CatalogueEntry {
  readonly file: string
  /** ISO 8601, UTC. */
  readonly time: string
  readonly trigger: string
  readonly asset: string
  readonly sizeBytes: number
  readonly sha256: string
  /** See `Manifest.content`; empty when the archive was not opened yet. */
  readonly content: string
  readonly sources: readonly CataloguedSource[]
  /** Sources that could not be backed up then, with the reason. */
  readonly missing: readonly { readonly name: string; readonly message: string }[]
  readonly also: readonly LaterMoment[]
  /** When it was last read to its end and everything in it fitted. */
  readonly readable?: string
  /** Source → when it was last restored into a scratch database and had the same digest. */
  readonly proven: Readonly<Record<string, string>>
  /** What is wrong with it, as the last check found. */
  readonly problem?: string
  /** A source that was suddenly empty or halved: it does not count for retention until a person accepts it. */
  readonly suspect?: string
}

const FILE = 'catalogue.json'

/** The problem of an archive that the catalogue names and the folder has not. */
export const GONE = 'the file is gone'

/** The archives of a folder, the oldest first. A folder that does not exist has none. */
export async function readCatalogue(folder: string): Promise<readonly CatalogueEntry[]> {
  const present = (await readdir(folder).catch(() => [])).filter((name) => parseArchiveFile(name) !== undefined)
  const known = new Map((await catalogued(folder)).map((entry) => [entry.file, entry]))
  const entries: CatalogueEntry[] = []
  for (const file of present) entries.push(known.get(file) ?? (await takenUp(folder, file)))
  for (const [file, entry] of known) if (!present.includes(file)) entries.push({ ...entry, problem: GONE })
  return entries.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.file < b.file ? -1 : 1))
}

async function catalogued(folder: string): Promise<readonly CatalogueEntry[]> {
  return catalogueIn(await readFile(path.join(folder, FILE), 'utf8').catch(() => ''))
}

/** The entries in the text of a catalogue; none in one that is lost or damaged, as the sidecars and the archives tell the same. */
export function catalogueIn(text: string): readonly CatalogueEntry[] {
  try {
    const { archives } = JSON.parse(text) as { archives?: CatalogueEntry[] }
    return (archives ?? []).filter(({ file }) => parseArchiveFile(file) !== undefined)
  } catch {
    return []
  }
}

/** The text of a catalogue. */
export function catalogueText(entries: readonly CatalogueEntry[]): string {
  return `${JSON.stringify({ format: 1, archives: entries }, undefined, 1)}\n`
}

/** An archive that the catalogue does not name. It counts as readable only after a check. */
async function takenUp(folder: string, file: string): Promise<CatalogueEntry> {
  const { stamp = '', trigger = '' } = parseArchiveFile(file) ?? {}
  const sha256 = (await sidecarDigest(folder, file)) ?? ''
  const time = new Date(stampMs(stamp) || 0).toISOString()
  return {
    file,
    time,
    trigger,
    asset: '',
    sizeBytes: -1,
    sha256,
    content: '',
    sources: [],
    missing: [],
    also: [],
    proven: {},
  }
}

/** Writes the catalogue. */
export async function writeCatalogue(folder: string, entries: readonly CatalogueEntry[]): Promise<void> {
  await writeAtomically(path.join(folder, FILE), catalogueText(entries), 0o600)
}

/** Puts entries in the place of those of the same file, or adds them. */
export async function updateCatalogue(folder: string, changed: readonly CatalogueEntry[]): Promise<void> {
  const files = new Set(changed.map(({ file }) => file))
  const others = (await readCatalogue(folder)).filter(({ file }) => !files.has(file))
  await writeCatalogue(
    folder,
    [...others, ...changed].sort((a, b) => (a.time < b.time ? -1 : 1)),
  )
}

function sidecar(folder: string, file: string): string {
  return path.join(folder, `${file}.sha256`)
}

/** Writes the sidecar of an archive, in the form of `sha256sum`. */
export async function writeSidecar(folder: string, file: string, sha256: string): Promise<void> {
  await writeAtomically(sidecar(folder, file), `${sha256}  ${file}\n`, 0o600)
}

/** The digest in an archive's sidecar; undefined when there is none, or it is damaged. */
export async function sidecarDigest(folder: string, file: string): Promise<string | undefined> {
  const text = await readFile(sidecar(folder, file), 'utf8').catch(() => '')
  return /^([0-9a-f]{64}) [ *](.+)\n?$/.exec(text)?.[2] === file ? text.slice(0, 64) : undefined
}

/** Removes an archive and its sidecar. The archive goes first: a sidecar alone is no archive. */
export async function removeArchive(folder: string, file: string): Promise<void> {
  await rm(path.join(folder, file), { force: true })
  await rm(sidecar(folder, file), { force: true })
}

/** What a restore saved is not what a person means by the latest backup: it is what the restore was to take back. */
const BEFORE_RESTORE = 'before-restore'

/** The entry that a word of a person means: a stamp, the archive's name, or `latest`. @throws DamagedError when there is none */
export function findEntry(
  entries: readonly CatalogueEntry[],
  word: string | undefined,
  folder: string,
): CatalogueEntry {
  const there = entries.filter(({ problem }) => problem !== GONE)
  const isLatest = word === undefined || word === 'latest'
  const found = isLatest
    ? latestIn(there)
    : there.findLast(({ file }) => file === path.basename(word) || parseArchiveFile(file)?.stamp === word)
  if (found !== undefined) return found
  throw new DamagedError({ path: folder }, isLatest ? 'has no backup' : `has no backup ${word}`, {
    hint: 'tandem backup list names those that there are.',
  })
}

/** The newest that counts; without one, the newest, which may not have been checked yet. */
function latestIn(there: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  const good = there.filter(({ readable, problem }) => readable !== undefined && problem === undefined)
  const meant = good.flatMap((entry) => {
    const times = [entry, ...entry.also].filter(({ trigger }) => trigger !== BEFORE_RESTORE).map(({ time }) => time)
    return times.map((time) => ({ time, entry }))
  })
  return meant.sort((a, b) => (a.time < b.time ? -1 : 1)).at(-1)?.entry ?? good.at(-1) ?? there.at(-1)
}
