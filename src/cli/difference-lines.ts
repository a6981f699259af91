/** Differences of records for the terminal: short values on one line, long ones as a unified diff. Pure; the Markdown of reports is in src/report. */
import { structuredPatch } from 'diff'
import type { ChangedRecord, FieldDifference } from '../operations/diff.ts'
import { isLong, linesOf } from '../report/difference.ts'
import { visible } from '../report/escape.ts'

/** Characters of a value or record before it is cut, without `--full`. */
const WIDTH = 160

/** Lines of one long value's differences, without `--full`. */
const LINES = 20

/** Texts with more removed and added lines are not compared, because the time for it grows with the square of their number. */
const MAX_EDITS = 1000

/** The line of a record that only one side has, for example `+ [191] {"id":191,…}`; cut to WIDTH characters when it is given as `shortened`. */
export function recordLine(sign: '+' | '-', key: string, record: string | { readonly shortened: string }): string {
  return `${sign} ${visible(key)} ${typeof record === 'string' ? visible(record) : shortened(record.shortened)}`
}

/** The lines of one changed record: its key, then `field: old → new` for each field; for a text of several lines or over 120 characters, its changed lines. `full`: nothing is cut. */
export function changedLines({ key, fields }: ChangedRecord, full: boolean): string[] {
  return [`~ ${visible(key)}`, ...fields.flatMap((field) => fieldLines(field, full)).map((line) => `    ${line}`)]
}

function fieldLines(field: FieldDifference, full: boolean): string[] {
  const { exported, live } = field
  const name = visible(field.name)
  if (exported !== undefined && live !== undefined && (isLong(exported) || isLong(live))) {
    const lines = patchLines(exported, live)
    if (lines !== undefined) return [`${name}:`, ...firstLines(lines, full).map((line) => `  ${line}`)]
  }
  const show = (value: string | undefined): string =>
    value === undefined ? '(absent)' : full ? visible(value) : shortened(value)
  return [`${name}: ${show(exported)} → ${show(live)}`]
}

/** The hunks of a unified diff with one line of context; undefined when the values have the same lines or are too different to compare. */
function patchLines(exported: string, live: string): string[] | undefined {
  const [before, after] = [exported, live].map((value) => `${linesOf(value).join('\n')}\n`)
  if (before === after) return undefined
  const options = { context: 1, maxEditLength: MAX_EDITS }
  const patch = structuredPatch('', '', before ?? '', after ?? '', undefined, undefined, options)
  return patch?.hunks.flatMap(({ oldStart, newStart, lines }) => [`@@ -${oldStart} +${newStart} @@`, ...lines])
}

function firstLines(lines: readonly string[], full: boolean): readonly string[] {
  if (full || lines.length <= LINES) return lines.map((line) => (full ? line : shortened(line)))
  return [...lines.slice(0, LINES).map(shortened), `… ${lines.length - LINES} more lines: --full shows them`]
}

/** The value cut to WIDTH characters, but not inside a surrogate pair. */
function shortened(value: string): string {
  const shown = visible(value)
  return shown.length <= WIDTH ? shown : `${shown.slice(0, WIDTH).replace(/[\ud800-\udbff]$/, '')}…`
}
