/** What was found out about merge commits, kept in this clone: it is a function of the commits and never changes. Losing the file costs time, no more. */
import { createHash } from 'node:crypto'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { RULE_VERSION } from '../../git/history.ts'
import type { Repository } from '../../git/repository.ts'
import type { KeyText } from '../../model/canonical.ts'

export interface KnownMerges {
  /** Keys in doubt, those of merges below it apart; undefined: not looked at yet. */
  keys(merge: string): readonly KeyText[] | undefined
  note(merge: string, keys: readonly KeyText[]): Promise<void>
}

/** The merges of one collection. @param folder `exports/app/traders` */
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

/** A line that a kill cut off, or that two runs mixed, is as good as none. */
function entryIn(line: string): [string, readonly KeyText[]] | undefined {
  try {
    const [merge, keys] = JSON.parse(line) as [unknown, unknown]
    const isEntry = typeof merge === 'string' && Array.isArray(keys) && keys.every((key) => typeof key === 'string')
    return isEntry ? [merge, keys] : undefined
  } catch {
    return undefined
  }
}
