/** The subject of a data commit: `app +5 ~2 -0`, one for each source. Apart from making the commit, as a replaced one is counted anew. */
import { differingBuckets, readCommitted, readRecords } from '../exports/committed.ts'
import type { ChangeCount } from '../model/change.ts'
import type { Source } from '../source/source.ts'
import type { ExportPlan, PlannedSource } from './plan-export.ts'

/** What the commit changes against its parent, source by source. Where no record changes at all: what it carries instead. `replaced`: the plans were made against another commit. */
export async function summaryOf(
  planned: readonly PlannedSource[],
  at: {
    readonly parent: string
    readonly tree: string
    readonly replaced: boolean
    /** Paths from the root of the files that the commit changes against its parent. */
    readonly files: Iterable<string>
  },
): Promise<string> {
  const counts: (ChangeCount & { readonly name: string })[] = []
  for (const { source, plan } of planned) {
    const count = at.replaced
      ? await countBetween(source, at.parent, at.tree)
      : sum(plan.collections.map((each) => each.count))
    counts.push({ name: plan.source, ...count })
  }
  const isEmpty = counts.every(({ added, changed, removed }) => added + changed + removed === 0)
  const files = [...at.files]
  if (isEmpty && (files.length > 0 || !at.replaced)) return carriedWords(planned, files)
  return counts.map(({ name, added, changed, removed }) => `${name} +${added} ~${changed} -${removed}`).join(', ')
}

/** `app structure of orders, merge report`: a commit without a changed record. */
function carriedWords(planned: readonly PlannedSource[], files: readonly string[]): string {
  const words = planned.flatMap(({ plan }) => structureWords(plan, new Set(files)) ?? [])
  if (files.some((file) => file.includes('/reports/'))) words.push('merge report')
  if (files.some((file) => file.includes('/quarantine/'))) words.push('quarantine')
  return words.length > 0 ? words.join(', ') : `${planned.map(({ plan }) => plan.source).join(', ')} merged`
}

/** The collections of which files are written although no record changed; undefined when there are none. */
function structureWords({ source, collections }: ExportPlan, files: ReadonlySet<string>): string | undefined {
  const written = collections.filter(({ writes }) => [...writes.keys()].some((file) => files.has(file)))
  const names = written.map(({ name }) => name)
  if (names.length === 0) return undefined
  return `${source} structure of ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`
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
    const [parent, tree] = [before.get(name), after.get(name)]
    const buckets = differingBuckets(parent, tree)
    const [old, now] = [await readRecords(source, parent, buckets), await readRecords(source, tree, buckets)]
    const added = [...now.keys()].filter((key) => !old.has(key)).length
    const removed = [...old.keys()].filter((key) => !now.has(key)).length
    const changed = [...now].filter(([key, text]) => old.has(key) && old.get(key) !== text).length
    counts.push({ added, changed, removed })
  }
  return sum(counts)
}
