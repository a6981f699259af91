/** Fields that were dropped on purpose, named by `tandem forget --field` and remembered by this clone. */
import { type Memory, memory } from './memory.ts'
import type { Workspace } from './workspace.ts'

/** `source/collection` → fields. */
export type Forgotten = Readonly<Record<string, readonly string[]>>

/** The fields forgotten so far. */
export function forgottenFields(workspace: Workspace): Memory<Forgotten> {
  return memory<Forgotten>(workspace, 'forgotten.json', {})
}

/** Adds a field to the forgotten ones. @param collection `source/collection` */
export async function forgetField(workspace: Workspace, collection: string, field: string): Promise<void> {
  const forgotten = forgottenFields(workspace)
  const known = await forgotten.read()
  await forgotten.write({ ...known, [collection]: [...new Set([...(known[collection] ?? []), field])] })
}
