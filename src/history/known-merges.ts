/** Stores in this clone which records of a merge commit are in doubt (doubts.ts). This depends on the commits alone and never changes. If the file is lost, it is computed again. */
import { createHash } from 'node:crypto'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { RULE_VERSION } from '../git/history/trailers.ts'
import type { Repository } from '../git/repository.ts'
import type { KeyText } from '../model/canonical.ts'

export interface KnownMerges {
  /** Keys in doubt about this merge itself, without those of earlier merges. undefined when it was not looked at yet. */
  keys(merge: string): readonly KeyText[] | undefined
  /** Stores the keys in doubt about a merge. */
  note(merge: string, keys: readonly KeyText[]): Promise<void>
}

/** Opens the stored results for one collection. @param folder the folder of its files, for example `exports/app/traders` */
export async function openKnownMerges(repository: Repository, folder: string): Promise<KnownMerges> {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  const file = path.join(repository.commonDir, 'tandem', 'merges', `${name}-${RULE_VERSION}.jsonl`)
  const known = new Map<string, readonly KeyText[]>()
  for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n')) {
    const entry = entryIn(line)
    if (entry !== undefined) known.set(...entry)
  }
  return {
    keys: (merge) => known.get(merge),
    note: async (merge, keys) => {
      known.set(merge, keys)
      await mkdir(path.dirname(file), { recursive: true })
      await appendFile(file, `${JSON.stringify([merge, keys])}\n`)
    },
  }
}

/** Reads a line. undefined for one that is incomplete because a run was killed, or that two runs wrote into at once. */
function entryIn(line: string): [string, readonly KeyText[]] | undefined {
  try {
    const [merge, keys] = JSON.parse(line) as [unknown, unknown]
    const isEntry = typeof merge === 'string' && Array.isArray(keys) && keys.every((key) => typeof key === 'string')
    return isEntry ? [merge, keys] : undefined
  } catch {
    return undefined
  }
}
