/** The keys of records. */
import type { KeyText } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'

export async function* keysOf(batches: AsyncIterable<readonly LiveRecord[]>): AsyncIterable<readonly KeyText[]> {
  for await (const batch of batches) yield batch.map(({ key }) => key)
}
