/** The SHA-256 of a whole file. An archive's own checks miss many flipped bytes, so this one stands beside it. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

export interface FileDigest {
  readonly sha256: string
  readonly sizeBytes: number
}

/** Reads the file to its end. */
export async function fileDigest(file: string): Promise<FileDigest> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), hash)
  return { sha256: hash.digest('hex'), sizeBytes: (await stat(file)).size }
}
