/** The report for people, `exports/reports/YYYY-MM/….md`: the counts of each collection, then every decision with its values and where the losing one is. */
import type { Decision } from '../model/decision.ts'
import { type Locate, conflictSection } from './conflict.ts'
import { plainMarkdown, visible } from './escape.ts'
import { type CollectionCounts, type MergeReport, collectionsOf, totalsOf } from './report.ts'

/** A report shows at most this many decisions; its .json has all of them. */
export const MAX_SHOWN_DECISIONS = 1000

/** How the report is written. */
export interface MarkdownOptions {
  /** The text of `templates/report.md`, with its `{{names}}`. */
  readonly template: string
  /** Where a side's losing value can be read; by default the side's commit. */
  readonly locate?: Locate
}

/** The template filled in from a report. Equal reports give equal bytes. Unknown `{{names}}` are left as they are; values are not searched for further names. */
export function reportMarkdown(report: MergeReport, { template, locate }: MarkdownOptions): string {
  const parts: Readonly<Record<string, string>> = {
    timestamp: timestamp(report.time),
    database: visible(report.database),
    source: visible(report.source),
    asset: visible(report.asset),
    base: report.base === undefined ? 'none' : visible(report.base),
    ours: visible(report.ours),
    theirs: visible(report.theirs),
    collections: collectionsOf(report).map(collectionBlock).join('\n\n'),
    summary: summaryBlock(report),
    held: heldBlock(report),
    conflicts: conflictsBlock(report, locate ?? defaultLocate(report)),
  }
  return template.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) =>
    Object.hasOwn(parts, name) ? (parts[name] ?? '') : placeholder,
  )
}

/** `2024-01-15 10:30:45 UTC` of an ISO time. */
function timestamp(time: string): string {
  return visible(time.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2 UTC'))
}

function collectionBlock([name, counts]: readonly [string, CollectionCounts]): string {
  return [
    `Collection: ${visible(name)}`,
    `  Local only records: ${counts.oursOnly}`,
    `  Remote only records: ${counts.theirsOnly}`,
    `  Common records: ${counts.common}`,
    `  Conflicts resolved: ${counts.conflicts}`,
    `  Total merged: ${counts.result}`,
    `  Records before: ${counts.before}`,
    `  Records after: ${counts.after}`,
    `  Records changed here: ${counts.changed}`,
  ].join('\n')
}

function summaryBlock(report: MergeReport): string {
  const { records, conflicts } = totalsOf(report)
  return [
    `  Total records after merge: ${records}`,
    `  Total conflicts resolved: ${conflicts}`,
    `  Merge status: ${report.status}`,
  ].join('\n')
}

function heldBlock({ held }: MergeReport): string {
  if (held.length === 0) return 'Nothing.'
  const lines = held.map(({ collection, reason }) => `- ${plainMarkdown(collection)}: ${plainMarkdown(reason)}`)
  return `Not merged; everything in them is as it was.\n\n${lines.join('\n')}`
}

function conflictsBlock({ decisions }: MergeReport, locate: Locate): string {
  if (decisions.length === 0) return 'None.'
  const shown = decisions.slice(0, MAX_SHOWN_DECISIONS)
  const sections = shown.map((decision, i) => conflictSection(decision, { number: i + 1, locate }))
  const rest = decisions.length - shown.length
  if (rest > 0) sections.push(`… and ${rest} more decisions, in the .json of this report.`)
  return sections.join('\n\n')
}

function defaultLocate(report: MergeReport): Locate {
  return (side: 'ours' | 'theirs', _decision: Decision) => {
    const place = (side === 'ours' ? report.oursAt : report.theirsAt) ?? report[side]
    return place === 'live' ? 'the live database as it was before this merge' : `commit ${place}`
  }
}
