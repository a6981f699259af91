/** Puts many values into a temporary table, without those that the server refuses: one bad value fails the whole statement, so it is found by halving. */
import { isRefusedValue } from './failure.ts'
import { type PgClient, inSavepoint } from './session.ts'

/** Runs `put` with all items, or with the largest parts of the list that the server accepts. */
export async function acceptedOnly<Item>(
  client: PgClient,
  items: readonly Item[],
  put: (items: readonly Item[]) => Promise<void>,
): Promise<void> {
  if (items.length === 0) return
  try {
    await inSavepoint(client, async () => await put(items))
  } catch (error) {
    if (!isRefusedValue(error)) throw error
    const half = items.length >> 1
    if (half === 0) return
    await acceptedOnly(client, items.slice(0, half), put)
    await acceptedOnly(client, items.slice(half), put)
  }
}
