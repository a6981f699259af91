/**
 * Documents in runs, digested: what a mark knows of a collection. The server does not tell what was written, so all bytes are read; but only the documents of a run that is not as it was have
 * to become text. Where a run ends is up to the document there, so that a document more or less does not move all that follow.
 */
import { bytesHash, lowHalf } from '../../model/canonical.ts'
import type { Selection } from '../../model/collection.ts'
import { digestOf, digestText, fingerprint, newHash } from '../digests.ts'

/** Documents that follow each other. */
export interface DocumentRun {
  readonly digest: string
  readonly documents: readonly Buffer[]
}

/** A run is in memory as a whole. */
const MOST_BYTES = 4 * 1024 * 1024

/** The documents in runs of 2^`bits` on average. */
export async function* runsOf(
  batches: AsyncIterable<readonly Buffer[]>,
  bits: number,
): AsyncGenerator<DocumentRun, void> {
  const mask = 2 ** bits - 1
  let documents: Buffer[] = []
  let size = 0
  for await (const batch of batches)
    for (const document of batch) {
      documents.push(document)
      size += document.length
      if ((lowHalf(bytesHash(document)) & mask) !== 0 && size < MOST_BYTES) continue
      yield runOf(documents)
      documents = []
      size = 0
    }
  if (documents.length > 0) yield runOf(documents)
}

function runOf(documents: readonly Buffer[]): DocumentRun {
  return { digest: digestText(digestOf(newHash().update(Buffer.concat(documents)))), documents }
}

/** What decides, beside their bytes, what documents become. */
export function structureOf({ schema, omit }: Selection): string {
  return fingerprint(['documents', schema.name, schema.key, omit])
}
