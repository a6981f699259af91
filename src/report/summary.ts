/** The few lines a terminal shows after a merge. */
import { counted } from './counted.ts'
import { visible } from './escape.ts'
import { type CollectionCounts, type MergeReport, collectionsOf, totalsOf, unplacedIn } from './report.ts'

/** Collections that get a line of their own; with the lines for the others, for what is held and for the total, a summary has at most 8 lines. */
const MAX_COLLECTIONS = 5

/** At most 8 lines: one for each collection that differed (`app/traders  local 3 · remote 2 · common 190 · conflicts 1 → 195 records`), one for what is held, one for the total. */
export function summaryLines(report: MergeReport): string[] {
  const differed = collectionsOf(report).filter(([, counts]) => isDifferent(counts))
  const lines = differed.slice(0, MAX_COLLECTIONS).map(([name, counts]) => collectionLine(report.source, name, counts))
  const rest = differed.length - lines.length
  if (rest > 0) lines.push(`… and ${counted(rest, 'more collection')}`)
  const held = heldLine(report)
  return [...lines, ...(held === undefined ? [] : [held]), totalLine(report)]
}

function isDifferent({ oursOnly, theirsOnly, changed, conflicts }: CollectionCounts): boolean {
  return oursOnly + theirsOnly + changed + conflicts > 0
}

function collectionLine(source: string, name: string, counts: CollectionCounts): string {
  const parts = [
    `local ${counts.oursOnly}`,
    `remote ${counts.theirsOnly}`,
    `common ${counts.common}`,
    `conflicts ${counts.conflicts}`,
  ]
  return `${visible(`${source}/${name}`)}  ${parts.join(' · ')} → ${counted(counts.result, 'record')}`
}

function heldLine({ source, held }: MergeReport): string | undefined {
  const [first, ...more] = held
  if (first === undefined) return undefined
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  return `held: ${visible(`${source}/${first.collection}: ${first.reason}`)}${others}`
}

function totalLine(report: MergeReport): string {
  const { records, conflicts } = totalsOf(report)
  const unplaced = unplacedIn(report.decisions)
  const aside = unplaced === 0 ? '' : `, ${counted(unplaced, 'record')} in quarantine (tandem quarantine)`
  return `${report.status}: ${counted(Math.max(0, conflicts - unplaced), 'conflict')} resolved, ${counted(records, 'record')} after the merge${aside}`
}
