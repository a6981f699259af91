/** Blobs and trees: ids of blobs computed here (so that unchanged files are never read), read in one batch, written in one batch. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DamagedError } from '../model/errors.ts'
import type { Repository } from './repository.ts'

/** The id git gives to a blob with these bytes (git-hash-object(1)). */
export function blobId(bytes: Buffer, format: Repository['objectFormat']): string {
  return createHash(format).update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

/**
 * The bytes of many blobs, by id.
 * @throws DamagedError when git lacks one of them
 */
export async function readBlobs(repository: Repository, ids: Iterable<string>): Promise<Map<string, Buffer>> {
  return readObjects(repository, 'blob', ids)
}

/** The bytes of many trees, by id. @throws DamagedError when git lacks one of them */
export async function readTrees(repository: Repository, ids: Iterable<string>): Promise<Map<string, Buffer>> {
  return readObjects(repository, 'tree', ids)
}

async function readObjects(
  repository: Repository,
  kind: 'blob' | 'tree',
  ids: Iterable<string>,
): Promise<Map<string, Buffer>> {
  const wanted = [...new Set(ids)]
  const objects = new Map<string, Buffer>()
  if (wanted.length === 0) return objects
  const answer = await repository.bytes(['cat-file', '--batch'], { input: wanted.map((id) => `${id}\n`).join('') })
  let at = 0
  for (const id of wanted) {
    const end = answer.indexOf(0x0a, at)
    const [, type, size] = answer.subarray(at, end).toString().split(' ')
    if (type !== kind)
      throw new DamagedError({ path: id }, `git has no such ${kind} (${type ?? 'no answer'})`, {
        hint: 'Run: git fsck',
      })
    const start = end + 1
    objects.set(id, answer.subarray(start, start + Number(size)))
    at = start + Number(size) + 1
  }
  return objects
}

/** Writes blobs into git's object database without touching work tree or index; answers their ids in the same order. */
export async function writeBlobs(repository: Repository, contents: readonly Buffer[]): Promise<string[]> {
  if (contents.length === 0) return []
  const folder = path.join(repository.commonDir, 'tandem', `blobs-${randomBytes(6).toString('hex')}`)
  await mkdir(folder, { recursive: true })
  try {
    const files = contents.map((_, i) => path.join(folder, String(i)))
    await Promise.all(contents.map((bytes, i) => writeFile(files[i] as string, bytes)))
    // --no-filters: the bytes as they are, whatever .gitattributes or core.autocrlf say
    const args = ['hash-object', '-w', '--no-filters', '--stdin-paths']
    return (await repository.git(args, { input: files.map((file) => `${file}\n`).join('') })).split('\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
