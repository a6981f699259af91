/** The report for programs, `exports/reports/YYYY-MM/….json`. Values are written exactly as in the export; they are never read into JavaScript numbers. */
import stringify from 'fast-json-stable-stringify'
import { type ValueText, objectText, stringText } from '../model/canonical.ts'
import type { Decision } from '../model/decision.ts'
import { type MergeReport, collectionsOf } from './report.ts'

/**
 * The JSON text of a report, with one line for each collection, held collection and decision. Equal reports give equal bytes. Absent values are left out, except that `base` is
 * `null` when the merge had no base. `key` is the array of key values.
 */
export function reportJson(report: MergeReport): string {
  const collections = collectionsOf(report).map(([name, counts]) => `${stringText(name)}: ${stringify(counts)}`)
  const members: readonly (readonly [string, string])[] = [
    ...head(report),
    ['collections', block('{}', collections)],
    [
      'held',
      block(
        '[]',
        report.held.map((held) => stringify(held)),
      ),
    ],
    ['decisions', block('[]', report.decisions.map(decisionText))],
  ]
  return `{\n${members.map(([name, text]) => `  "${name}": ${text}`).join(',\n')}\n}\n`
}

function head(report: MergeReport): (readonly [string, string])[] {
  const { version, source, database, asset, time, base = null, ours, theirs, oursAt, theirsAt, status } = report
  const values = { version, source, database, asset, time, base, ours, theirs, oursAt, theirsAt, status }
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, stringify(value)] as const],
  )
}

function block(brackets: '{}' | '[]', lines: readonly string[]): string {
  if (lines.length === 0) return brackets
  return `${brackets[0]}\n${lines.map((line) => `    ${line}`).join(',\n')}\n  ${brackets[1]}`
}

/** One decision on one line; its value texts are written unchanged. */
function decisionText(decision: Decision): string {
  const { collection, key, field, kind, base, ours, theirs, chosen, rule, addedBy } = decision
  const values: readonly (readonly [string, ValueText | undefined])[] = [
    ['collection', stringText(collection)],
    ['key', key],
    ['field', field === undefined ? undefined : stringText(field)],
    ['kind', stringText(kind)],
    ['base', base],
    ['ours', ours],
    ['theirs', theirs],
    ['chosen', chosen],
    ['rule', stringText(rule)],
    ['addedBy', addedBy === undefined ? undefined : stringText(addedBy)],
  ]
  return objectText(values.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))
}
