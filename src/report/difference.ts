/** Long values as a unified diff: in two cells of a table a changed word could not be found. */
import { structuredPatch } from 'diff'
import { type ValueText, isTypedValue, kindOf, splitArray, splitObject, stringText } from '../model/canonical.ts'
import { fenced, visible } from './escape.ts'

const LONG_TEXT = 120

/** Lines of a value that a report shows; the .json of the report has all of them. */
const MAX_LINES = 200

/** Texts with more removed and added lines are not compared, because the time for it grows with the square of their number. */
const MAX_EDITS = 1000

/** True when a value is better shown as lines than in a table cell: over 120 characters, or text of several lines. */
export function isLong(value: ValueText | undefined): boolean {
  if (value === undefined) return false
  return value.length > LONG_TEXT || (kindOf(value) === 'string' && textLines(value).length > 1)
}

/** A value as lines: a text by its lines (long lines by sentence), a document or array by its fields or elements. Every line is safe to show. */
export function linesOf(value: ValueText): string[] {
  switch (kindOf(value)) {
    case 'string':
      return textLines(value).flatMap(sentences).map(visible)
    case 'array':
      return splitArray(value).map(visible)
    case 'object':
      if (isTypedValue(value)) return [visible(value)]
      return [...splitObject(value)].map(([name, part]) => visible(`${stringText(name)}: ${part}`))
    default:
      return [visible(value)]
  }
}

function textLines(value: ValueText): string[] {
  return (JSON.parse(value) as string).split('\n')
}

/** Splits a long line after sentence ends, so that an edit of one sentence leaves the others equal. */
function sentences(line: string): string[] {
  return line.length > LONG_TEXT ? line.split(/(?<=[.!?;]) /) : [line]
}

/** A value and the name that the diff gives it. */
export interface NamedValue {
  readonly name: string
  readonly value: ValueText
}

/** A fenced unified diff of two values with three lines of context. It has at most 200 lines; for values too different to compare, a sentence that points to the .json. */
export function unifiedDiff(from: NamedValue, to: NamedValue): string {
  const [before, after] = [linesOf(from.value), linesOf(to.value)].map((lines) => `${lines.join('\n')}\n`)
  const options = { context: 3, maxEditLength: MAX_EDITS }
  const patch = structuredPatch(from.name, to.name, before ?? '', after ?? '', undefined, undefined, options)
  const header = [`--- ${from.name}`, `+++ ${to.name}`]
  if (before === after) return fenced('diff', [...header, `-${visible(from.value)}`, `+${visible(to.value)}`])
  if (patch === undefined) return 'Too different to show line by line; both values are in the .json of this report.'
  const hunks = patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    ...lines,
  ])
  return fenced('diff', [...header, ...firstLines(hunks)])
}

/** A fenced block with the lines of one value, at most 200. */
export function wholeValue(value: ValueText): string {
  return fenced('text', firstLines(linesOf(value)))
}

function firstLines(lines: readonly string[]): readonly string[] {
  if (lines.length <= MAX_LINES) return lines
  return [...lines.slice(0, MAX_LINES), `… ${lines.length - MAX_LINES} more lines in the .json of this report`]
}
