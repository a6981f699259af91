/**
 * Writes many objects as one pack. Thousands of loose objects cost a file each, and a push has to compress every one of them again; objects of a pack are sent as they stand in it.
 * The pack has no deltas: between two objects of one pack that has none, git looks for none either, so a push of them searches for nothing (try_delta in git's
 * pack-objects.c). Maintenance finds deltas between packs, that is between two states of one file.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Writable } from 'node:stream'
import { constants, deflateSync } from 'node:zlib'
import type { Repository } from '../repository.ts'
import { GitError } from '../run.ts'

/** The repository, as far as a pack needs it. */
export type PackPlace = Pick<Repository, 'objectFormat' | 'place' | 'config'>

/** Number of a type in a pack (gitformat-pack(5)). */
const TYPES = { tree: 2, blob: 3 } as const

/** An object to be written. */
export interface PackObject {
  readonly type: keyof typeof TYPES
  readonly bytes: Buffer
}

/** `index-pack` checks the pack, and gives it its name only when it is whole; what a killed run leaves is a `tmp_pack_*`, which `git gc` removes. */
const ARGS = ['index-pack', '--stdin']

/** About so many bytes are handed to git at a time. */
const CHUNK_BYTES = 256 * 1024

/**
 * Writes a pack of these objects into the object database. Each may be in it only once.
 * @throws GitError when git cannot write it (a full disk); nothing of it is there then
 */
export async function writePack(repository: PackPlace, objects: readonly PackObject[]): Promise<void> {
  const level = await compressionLevel(repository)
  const { cwd, environment } = repository.place
  const child = spawn('git', ARGS, { cwd, env: { ...environment }, stdio: ['pipe', 'ignore', 'pipe'] })
  const ended = endOf(child)
  child.stdin.on('error', () => undefined) // git has ended; its exit code tells why
  for (const chunk of chunks(packBytes(objects, { level, format: repository.objectFormat })))
    if (!(await hasTaken(child.stdin, chunk))) break
  child.stdin.end()
  await ended
}

/** What the user set for packs or for all objects (git-config(1)); else the cheapest: maintenance compresses again what it finds deltas for. */
async function compressionLevel(repository: PackPlace): Promise<number> {
  const config = await repository.config()
  const level = Number(config.get('pack.compression') ?? config.get('core.compression') ?? constants.Z_BEST_SPEED)
  return Number.isInteger(level) && level >= -1 && level <= 9 ? level : constants.Z_BEST_SPEED
}

/** Resolves when git has the pack. */
function endOf(child: ChildProcess): Promise<void> {
  const errors: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', (error) => reject(new GitError(ARGS, -1, error.message)))
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new GitError(ARGS, code ?? -1, Buffer.concat(errors).toString())),
    )
  })
  ended.catch(() => undefined) // reported to whoever awaits it, which may be later
  return ended
}

/** Hands bytes to git and waits until it takes more; false when it has ended. */
async function hasTaken(stream: Writable, bytes: Buffer): Promise<boolean> {
  if (stream.destroyed) return false
  if (stream.write(bytes)) return true
  return new Promise((resolve) => {
    const settle = (isOpen: boolean) => (): void => {
      stream.off('drain', drained).off('close', closed)
      resolve(isOpen)
    }
    const [drained, closed] = [settle(true), settle(false)]
    stream.once('drain', drained).once('close', closed)
  })
}

/** The bytes of a pack: header, objects, and a hash of all before it (gitformat-pack(5)). */
function* packBytes(
  objects: readonly PackObject[],
  options: { readonly level: number; readonly format: Repository['objectFormat'] },
): Generator<Buffer> {
  const hash = createHash(options.format)
  const header = Buffer.alloc(12)
  header.write('PACK')
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(objects.length, 8)
  hash.update(header)
  yield header
  for (const { type, bytes } of objects)
    for (const part of [objectHeader(type, bytes.length), deflateSync(bytes, { level: options.level })]) {
      hash.update(part)
      yield part
    }
  yield hash.digest()
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

/** The same bytes in pieces of about CHUNK_BYTES. */
function* chunks(parts: Iterable<Buffer>): Generator<Buffer> {
  let open: Buffer[] = []
  let size = 0
  for (const part of parts) {
    open.push(part)
    size += part.length
    if (size < CHUNK_BYTES) continue
    yield Buffer.concat(open)
    open = []
    size = 0
  }
  yield Buffer.concat(open)
}
