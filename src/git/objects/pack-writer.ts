/**
 * Writes many objects as one pack. Thousands of loose objects cost a file each, and a push has to compress every one of them again; objects of a pack are sent as they stand in it.
 * The pack has no deltas: between two objects of one pack that has none, git looks for none either, so a push of them searches for nothing (try_delta in git's
 * pack-objects.c). Maintenance finds deltas between packs, that is between two states of one file. `git index-pack` would read all of it again to find what is known here already.
 */
import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { constants, crc32, deflate } from 'node:zlib'
import type { Repository } from '../repository.ts'
import { type PackEntry, packIndex } from './pack-index.ts'

/** The repository, as far as a pack needs it. */
export type PackPlace = Pick<Repository, 'objectFormat' | 'commonDir' | 'config'>

/** Number of a type in a pack (gitformat-pack(5)). */
const TYPES = { tree: 2, blob: 3 } as const

/** An object to be written. */
export interface PackObject {
  readonly type: keyof typeof TYPES
  readonly id: string
  readonly bytes: Buffer
}

/** How the objects are written. */
interface PackStyle {
  /** Of the compression. */
  readonly level: number
  readonly format: Repository['objectFormat']
}

/** The number of objects that are compressed at the same time. */
const AT_ONCE = 16

/**
 * Writes a pack of these objects into the object database. Each may be in it only once.
 * @throws the file system's error (a full disk); nothing of it is there then
 */
export async function writePack(repository: PackPlace, objects: readonly PackObject[]): Promise<void> {
  const style = { level: await compressionLevel(repository), format: repository.objectFormat }
  const store = path.join(repository.commonDir, 'objects')
  const folder = path.join(store, 'pack')
  await mkdir(folder, { recursive: true })
  // git names its temporary files so too: `git gc` removes them when a run was killed
  const unique = randomBytes(6).toString('hex')
  const [pack, index] = ['pack', 'idx'].map((kind) => path.join(folder, `tmp_${kind}_${unique}`)) as [string, string]
  try {
    const { entries, hash } = await writeObjectsInto(pack, objects, style)
    await writeFile(index, packIndex(entries, { hash, format: style.format }), { flush: true })
    // who may read the object database may read the pack (core.sharedRepository)
    const mode = (await stat(store)).mode & 0o444
    for (const file of [pack, index]) await chmod(file, mode)
    const name = path.join(folder, `pack-${hash.toString('hex')}`)
    // the index last: with it the pack counts
    await rename(pack, `${name}.pack`)
    await rename(index, `${name}.idx`)
  } catch (error) {
    for (const file of [pack, index]) await rm(file, { force: true })
    throw error
  }
}

/** What the user set for packs or for all objects (git-config(1)); else the cheapest: maintenance compresses again what it finds deltas for. */
async function compressionLevel(repository: PackPlace): Promise<number> {
  const config = await repository.config()
  const level = Number(config.get('pack.compression') ?? config.get('core.compression') ?? constants.Z_BEST_SPEED)
  return Number.isInteger(level) && level >= -1 && level <= 9 ? level : constants.Z_BEST_SPEED
}

/** Writes the bytes of a pack (header, objects, and a hash of all before it: gitformat-pack(5)) and waits until they are on the disk. */
async function writeObjectsInto(
  file: string,
  objects: readonly PackObject[],
  style: PackStyle,
): Promise<{ readonly entries: PackEntry[]; readonly hash: Buffer }> {
  const digest = createHash(style.format)
  const entries: PackEntry[] = []
  let size = 0
  const handle = await open(file, 'wx')
  try {
    const append = async (bytes: Buffer): Promise<void> => {
      digest.update(bytes)
      size += bytes.length
      await handle.writeFile(bytes)
    }
    await append(packHeader(objects.length))
    for (let start = 0; start < objects.length; start += AT_ONCE) {
      const some = objects.slice(start, start + AT_ONCE)
      const packed = await Promise.all(some.map((object) => packedObject(object, style)))
      let offset = size
      for (const [i, bytes] of packed.entries()) {
        entries.push({ id: (some[i] as PackObject).id, offset, crc: crc32(bytes) })
        offset += bytes.length
      }
      await append(Buffer.concat(packed))
    }
    const hash = digest.digest()
    await handle.writeFile(hash)
    await handle.sync()
    return { entries, hash }
  } finally {
    await handle.close()
  }
}

function packHeader(count: number): Buffer {
  const header = Buffer.alloc(12)
  header.write('PACK')
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(count, 8)
  return header
}

async function packedObject({ type, bytes }: PackObject, { level }: PackStyle): Promise<Buffer> {
  const body = await promisify<Buffer, { level: number }, Buffer>(deflate)(bytes, { level })
  return Buffer.concat([objectHeader(type, bytes.length), body])
}

/** Type and size: four bits of the size beside the type, then seven bits a byte, the lowest first. */
function objectHeader(type: PackObject['type'], size: number): Buffer {
  const bytes = [(TYPES[type] << 4) | (size % 16)]
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) as number) | 0x80
    bytes.push(rest % 128)
  }
  return Buffer.from(bytes)
}
