/** What the triggers of the exported tables write, for people: read from the text of their functions, so a name that is put together at run time is not seen. */
import type { TriggerEffect } from '../adapter.ts'
import type { Database } from './connect.ts'
import { describe } from './describe.ts'
import { parseCollectionName } from './name.ts'
import type { PgClient } from './session.ts'
import { liveTable } from './table.ts'
import { type UserTrigger, mentions, readTriggers } from './triggers.ts'

const WRITES =
  /\b(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?)\s+((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)/gi

/** The triggers that write other tables than the one on which they stand, or that fill a tsvector of their own row. */
export async function triggerEffects(client: PgClient, database: Database): Promise<TriggerEffect[]> {
  const { collections } = await describe(client, database)
  const names = collections.map(({ name }) => name)
  const effects: TriggerEffect[] = []
  for (const schema of collections) {
    const table = await liveTable(client, database, schema)
    const vectors = schema.fields.filter(({ type }) => type === 'tsvector').map((field) => field.name)
    for (const trigger of await readTriggers(client, [table.oid])) {
      const writes = writtenTables(trigger, names).filter((name) => name !== schema.name)
      const fills = vectors.filter((name) => trigger.beforeRow && mentions(trigger.text, name))
      if (writes.length + fills.length > 0)
        effects.push({ name: trigger.name, collection: schema.name, writes, fills, keepsIndex: false })
    }
  }
  return effects
}

function writtenTables({ text }: UserTrigger, names: readonly string[]): string[] {
  const written = [...text.matchAll(WRITES)].flatMap(([, name = '']) => {
    const plain = name.replaceAll(/\s/g, '')
    const last = parseCollectionName(plain)?.table ?? plain
    return names.filter((known) => known === plain || parseCollectionName(known)?.table === last)
  })
  return [...new Set(written)]
}
