/** Blobs: reads many at once, writes many at once, and computes their ids without git. */
import { DamagedError } from '../../model/errors.ts'
import { objectId, writeObjects } from './object-writer.ts'
import type { Repository } from '../repository.ts'

/** The id git gives to a blob with these bytes (git-hash-object(1)). */
export function blobId(bytes: Buffer, format: Repository['objectFormat']): string {
  return objectId('blob', bytes, format)
}

/**
 * The bytes of many blobs, by id.
 * @throws DamagedError when git lacks one of them
 */
export async function readBlobs(repository: Repository, ids: Iterable<string>): Promise<Map<string, Buffer>> {
  const wanted = [...new Set(ids)]
  const blobs = new Map<string, Buffer>()
  for (const [i, object] of (await repository.objects.read(wanted)).entries()) {
    const id = wanted[i] as string
    if (object?.type !== 'blob')
      throw new DamagedError({ path: id }, `git has no such blob (${object?.type ?? 'missing'})`, {
        hint: 'Run: git fsck',
      })
    blobs.set(id, object.bytes)
  }
  return blobs
}

/** Writes blobs into git's object database (many as one pack) and returns their ids in the same order. Work tree and index are not touched. */
export async function writeBlobs(repository: Repository, contents: readonly Buffer[]): Promise<string[]> {
  return writeObjects(repository, 'blob', contents)
}
