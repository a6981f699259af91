/** Writes objects into git's object database: a few as loose objects, without starting git, and many as one pack. */
import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { exists } from '../../io/exists.ts'
import type { Repository } from '../repository.ts'

/** The number of objects that are written at the same time. */
const AT_ONCE = 16

/** From so many new objects on, a pack is written. Below, `git gc --auto` counts them as loose objects and packs them with deltas. */
const PACK_FROM = 1_000

/** A run that wrote a pack and was killed wrote all of it: of so many objects, some are there already then. */
const SAMPLE = 32

export type ObjectType = 'blob' | 'tree'

/** The repository, as far as the writer needs it. */
export type WriterPlace = Pick<Repository, 'commonDir' | 'objectFormat' | 'place' | 'config' | 'git'>

/** Ids already computed: a file is compared by its id before it is written. No buffer is changed once it was hashed. */
const idOf: Readonly<Record<ObjectType, WeakMap<Buffer, string>>> = { blob: new WeakMap(), tree: new WeakMap() }

function header(type: ObjectType, bytes: Buffer): Buffer {
  return Buffer.from(`${type} ${bytes.length}\0`)
}

/** The id that git gives to an object: a hash of its header and bytes (gitformat-loose(5)). */
export function objectId(type: ObjectType, bytes: Buffer, format: Repository['objectFormat']): string {
  const length = format === 'sha256' ? 64 : 40
  const known = idOf[type].get(bytes)
  if (known?.length === length) return known
  const id = createHash(format).update(header(type, bytes)).update(bytes).digest('hex')
  idOf[type].set(bytes, id)
  return id
}

/**
 * Stores the objects and returns their ids in the same order. One that already exists as a loose object is not written again.
 * @throws the file system's error when they cannot be written
 */
export async function writeObjects(
  repository: WriterPlace,
  type: ObjectType,
  contents: readonly Buffer[],
): Promise<string[]> {
  const ids = contents.map((bytes) => objectId(type, bytes, repository.objectFormat))
  const fresh = new Map(contents.map((bytes, i) => [ids[i] as string, bytes]))
  if (fresh.size >= PACK_FROM) for (const id of await present(repository, [...fresh.keys()])) fresh.delete(id)
  if (fresh.size < PACK_FROM) await writeLoose(repository, type, [...fresh])
  else {
    const { writePack } = await import('./pack-writer.ts') // with zlib, which most hooks do without
    const objects = [...fresh].map(([id, bytes]) => ({ type, id, bytes }))
    await writePack(repository, objects)
  }
  return ids
}

/** Which of these objects git has already, if a sample of them says that it may have some. A miss is expensive: git looks for new packs each time. */
async function present(repository: WriterPlace, ids: readonly string[]): Promise<string[]> {
  // in a partial clone git would fetch what it does not have
  if (await isPartialClone(repository)) return []
  const step = Math.ceil(ids.length / SAMPLE)
  const sample = await among(
    repository,
    ids.filter((_, i) => i % step === 0),
  )
  return sample.length === 0 ? [] : among(repository, ids)
}

async function isPartialClone(repository: WriterPlace): Promise<boolean> {
  return (await repository.config()).names.some((name) =>
    /^extensions\.partialclone$|^remote\..*\.promisor$/.test(name),
  )
}

async function among(repository: WriterPlace, ids: readonly string[]): Promise<string[]> {
  const args = ['cat-file', '--batch-check=%(objectname)', '--buffer']
  const lines = await repository.git(args, { input: ids.map((id) => `${id}\n`).join('') })
  return lines.split('\n').filter((line) => line !== '' && !line.endsWith(' missing'))
}

/** Loaded with the first object: most hooks write none. */
let zlib: Promise<typeof import('node:zlib')> | undefined

/** The bytes as git stores a loose object. Level 1 is git's own choice for them (core.looseCompression). */
async function compress(bytes: Buffer): Promise<Buffer> {
  const { constants, deflate } = await (zlib ??= import('node:zlib'))
  return promisify<Buffer, { level: number }, Buffer>(deflate)(bytes, { level: constants.Z_BEST_SPEED })
}

async function writeLoose(
  { commonDir }: WriterPlace,
  type: ObjectType,
  objects: readonly (readonly [id: string, bytes: Buffer])[],
): Promise<void> {
  const folder = path.join(commonDir, 'objects')
  for (let start = 0; start < objects.length; start += AT_ONCE)
    await Promise.all(
      objects.slice(start, start + AT_ONCE).map(([id, bytes]) => writeObject(folder, { id, type, bytes })),
    )
}

async function writeObject(
  objects: string,
  { id, type, bytes }: { readonly id: string; readonly type: ObjectType; readonly bytes: Buffer },
): Promise<void> {
  const folder = path.join(objects, id.slice(0, 2))
  const file = path.join(folder, id.slice(2))
  if (await exists(file)) return
  await makeFolder(folder, objects)
  // git names its temporary files so too: `git gc` removes them when a run was killed
  const temporary = path.join(folder, `tmp_obj_${randomBytes(6).toString('hex')}`)
  try {
    const whole = Buffer.concat([header(type, bytes), bytes])
    await writeFile(temporary, await compress(whole), { mode: 0o444 })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Makes the folder with the same permissions as `objects`, so that a repository shared by a group (core.sharedRepository) stays shared. */
async function makeFolder(folder: string, objects: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true })
  if (made !== undefined) await chmod(folder, (await stat(objects)).mode & 0o7777)
}
