/** The subject of a data commit: `app +5 ~2 -0`, one for each source. Apart from making the commit, as a replaced one is counted anew. */
import { readCommitted, readRecords } from './committed.ts'
import type { PlannedSource } from './commit-export.ts'
import type { ChangeCount } from './plan-export.ts'
import type { Source } from './source.ts'

/** What the commit changes against its parent; `replaced`: the plans were made against another commit. */
export async function summaryOf(
  planned: readonly PlannedSource[],
  at: { readonly parent: string; readonly tree: string; readonly replaced: boolean },
): Promise<string> {
  const words: string[] = []
  for (const { source, plan } of planned) {
    const count = at.replaced
      ? await countBetween(source, at.parent, at.tree)
      : sum(plan.collections.map((each) => each.count))
    words.push(`${plan.source} +${count.added} ~${count.changed} -${count.removed}`)
  }
  return words.join(', ')
}

function sum(counts: readonly ChangeCount[]): ChangeCount {
  const total = { added: 0, changed: 0, removed: 0 }
  for (const count of counts) {
    total.added += count.added
    total.changed += count.changed
    total.removed += count.removed
  }
  return total
}

/** What changed between the exports of two trees, record by record. */
async function countBetween(source: Source, from: string, to: string): Promise<ChangeCount> {
  const [before, after] = [await readCommitted(source, from), await readCommitted(source, to)]
  const counts: ChangeCount[] = []
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [await readRecords(source, before.get(name)), await readRecords(source, after.get(name))]
    const added = [...now.keys()].filter((key) => !old.has(key)).length
    const removed = [...old.keys()].filter((key) => !now.has(key)).length
    const changed = [...now].filter(([key, text]) => old.has(key) && old.get(key) !== text).length
    counts.push({ added, changed, removed })
  }
  return sum(counts)
}
