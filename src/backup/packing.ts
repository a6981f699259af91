/**
 * Packs a folder into one file and unpacks it again: tar.gz, or zip where people ask for it. Unpacking takes plain files alone, each with a path inside the folder; what they hold is
 * checked against the manifest afterwards.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip, createInflateRaw } from 'node:zlib'
import { DamagedError } from '../model/errors.ts'
import { isInnerPath } from './manifest.ts'
import type { ArchiveFormat } from './names.ts'

/** Archives are equal byte for byte when their files are. */
const MTIME = new Date(Date.UTC(2000, 0, 1))

/** The files of a folder, sorted, `/` between their parts. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort()
}

/** Packs the files of `folder`, in this order, into `file`, which is on disk when it returns. */
export async function pack(
  folder: string,
  files: readonly string[],
  to: { readonly file: string; readonly format: ArchiveFormat },
): Promise<void> {
  await (to.format === 'zip' ? packZip(folder, files, to.file) : packTar(folder, files, to.file))
  const handle = await open(to.file, 'r')
  await handle.sync()
  await handle.close()
}

async function packTar(folder: string, files: readonly string[], file: string): Promise<void> {
  const { pack: tar } = await import('tar-stream')
  const packing = tar()
  const written = pipeline(packing, createGzip({ level: 6 }), createWriteStream(file, { flags: 'wx', mode: 0o600 }))
  const fill = async (): Promise<void> => {
    for (const name of files) {
      const { size } = await stat(path.join(folder, name))
      await pipeline(
        createReadStream(path.join(folder, name)),
        packing.entry({ name, size, mtime: MTIME, mode: 0o600 }),
      )
    }
    packing.finalize()
  }
  await Promise.all([
    written,
    fill().catch((error: unknown) => {
      packing.destroy(error as Error)
      throw error
    }),
  ])
}

async function packZip(folder: string, files: readonly string[], file: string): Promise<void> {
  const { ZipFile } = await import('yazl')
  const packing = new ZipFile()
  for (const name of files) packing.addFile(path.join(folder, name), name, { mtime: MTIME, mode: 0o100600 })
  packing.end()
  await pipeline(packing.outputStream, createWriteStream(file, { flags: 'wx', mode: 0o600 }))
}

/** Unpacks an archive into an empty folder. @throws DamagedError when it cannot be read to its end, or has an entry that is no plain file inside it */
export async function unpack(file: string, format: ArchiveFormat, folder: string): Promise<void> {
  try {
    await (format === 'zip' ? unpackZip(file, folder) : unpackTar(file, folder))
  } catch (error) {
    if (error instanceof DamagedError || isOfSystem(error)) throw error
    throw new DamagedError({ path: path.basename(file) }, `cannot be unpacked: ${(error as Error).message}`)
  }
}

/** A full disk or a missing right is no damage of the archive. */
function isOfSystem(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')
}

async function writeEntry(folder: string, name: string, content: readonly [Readable, ...Duplex[]]): Promise<void> {
  if (!isInnerPath(name)) throw new DamagedError({ path: name }, 'leads out of the archive')
  const target = path.join(folder, name)
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 })
  await pipeline([...content, createWriteStream(target, { flags: 'wx', mode: 0o600 })])
}

async function unpackTar(file: string, folder: string): Promise<void> {
  const { extract } = await import('tar-stream')
  const extracting = extract()
  extracting.on('entry', ({ name, type }, content, next) => {
    content.on('error', () => undefined) // a truncated archive breaks an entry too, and one without a listener ends the process
    if (type === 'file') writeEntry(folder, name, [content as unknown as Readable]).then(() => next(), next)
    else next(new DamagedError({ path: name }, `is no plain file (${type})`))
  })
  // it rejects when the archive ends early; an entry that is being written then is never heard of again
  await pipeline(createReadStream(file), createGunzip(), extracting)
}

/** The compressed bytes are inflated here: yauzl's own chain of streams can wait for ever where an entry is damaged. */
async function unpackZip(file: string, folder: string): Promise<void> {
  const { openPromise } = await import('yauzl')
  const zip = await openPromise(file)
  try {
    for await (const entry of zip.eachEntry()) {
      const compressed = await zip.openReadStreamPromise(entry, { decodeFileData: false })
      compressed.on('error', () => undefined) // it may fail before anybody listens, which would end the process
      const isDeflated = entry.compressionMethod === DEFLATED
      await writeEntry(folder, entry.fileName, isDeflated ? [compressed, createInflateRaw()] : [compressed])
    }
  } finally {
    zip.close()
  }
}

/** The only method of compression in archives of this program (APPNOTE.TXT of PKWARE, 4.4.5). */
const DEFLATED = 8
