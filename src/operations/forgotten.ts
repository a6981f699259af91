/** Fields that somebody said were dropped on purpose (`tandem forget --field`), remembered by this clone. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import type { Workspace } from './workspace.ts'

function forgottenFile(workspace: Workspace): string {
  return path.join(workspace.dataDir, 'forgotten.json')
}

/** `source/collection` → fields. */
export async function readForgotten(workspace: Workspace): Promise<Readonly<Record<string, readonly string[]>>> {
  const text = await readFile(forgottenFile(workspace), 'utf8').catch(() => '{}')
  return JSON.parse(text) as Record<string, string[]>
}

export async function forgetField(workspace: Workspace, collection: string, field: string): Promise<void> {
  const known = await readForgotten(workspace)
  const fields = [...new Set([...(known[collection] ?? []), field])]
  await writeAtomically(forgottenFile(workspace), JSON.stringify({ ...known, [collection]: fields }))
}
