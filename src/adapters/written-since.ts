/** What engines have in common in telling what was written since a mark (`Snapshot.writtenSince`). */
import type { KeyText } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'

/** The keys of records that are read in batches. */
export async function* keysOf(batches: AsyncIterable<readonly LiveRecord[]>): AsyncIterable<readonly KeyText[]> {
  for await (const batch of batches) yield batch.map(({ key }) => key)
}

/** Where more than this share was written, all is read faster without looking for what changed. */
const MOST_WRITTEN = 0.2

export function isMost(written: number, count: number): boolean {
  return written > Math.max(1000, MOST_WRITTEN * count)
}
