/** One decision in the report for people: a heading, what happened and why, the values, and where the losing one can be found. */
import type { ValueText } from '../model/canonical.ts'
import type { Decision } from '../model/decision.ts'
import type { Side } from '../model/side.ts'
import { isLong, unifiedDiff, wholeValue } from './difference.ts'
import { inlineMarkdown } from './escape.ts'
import { chosenSide, explain } from './words.ts'

/** Where a side's value can be read, in words: a command, a path, a commit. */
export type Locate = (side: Side, decision: Decision) => string

/** How the section is written. */
export interface SectionOptions {
  /** The number in the heading; the first decision has 1. */
  readonly number: number
  readonly locate: Locate
}

/** The Markdown section of one decision. */
export function conflictSection(decision: Decision, { number, locate }: SectionOptions): string {
  const { collection, key, field } = decision
  const place = [collection, key, ...(field === undefined ? [] : [field])].map(inlineMarkdown)
  const values = [decision.base, decision.ours, decision.theirs, decision.chosen]
  const parts = [
    `### ${number}. ${place.join(' ')}`,
    explain(decision),
    values.some(isLong) ? longValues(decision) : valueTable(decision),
    ...losers(decision).map((side) => `The value of ${side} is in ${inlineMarkdown(locate(side, decision))}.`),
  ]
  return parts.join('\n\n')
}

/** The sides whose value is not the result; both sides where the result was put together from both. None where the record only got a new key. */
function losers(decision: Decision): Side[] {
  if (decision.rule === 'rekeyed') return []
  return (['ours', 'theirs'] as const).filter(
    (side) => decision[side] !== undefined && decision[side] !== decision.chosen,
  )
}

function valueTable(decision: Decision): string {
  const chosen = chosenSide(decision)
  const rows: (readonly [string, ValueText | undefined])[] = [
    ['base', decision.base],
    ['ours', decision.ours],
    ['theirs', decision.theirs],
  ]
  if (chosen === 'neither') rows.push([decision.rule === 'rekeyed' ? 'new key of ours' : 'result', decision.chosen])
  const lines = rows.map(([name, value]) => `| ${name}${name === chosen ? ' (chosen)' : ''} | ${shownValue(value)} |`)
  return ['| side | value |', '| --- | --- |', ...lines].join('\n')
}

function shownValue(value: ValueText | undefined): string {
  return value === undefined ? '(absent)' : inlineMarkdown(value)
}

/** A diff from the losing value to the chosen one. Where only one side has a value, from the base; where the result was put together from both, the diff of both sides and the result. */
function longValues(decision: Decision): string {
  const { base, ours, theirs, chosen } = decision
  const side = chosenSide(decision)
  const present = ours ?? theirs
  if (ours === undefined || theirs === undefined) return present === undefined ? '' : oneSided(base, present, decision)
  const mine = { name: side === 'ours' ? 'ours (chosen)' : 'ours', value: ours }
  const other = { name: side === 'theirs' ? 'theirs (chosen)' : 'theirs', value: theirs }
  if (side === 'ours') return unifiedDiff(other, mine)
  if (side === 'theirs' || chosen === undefined) return unifiedDiff(mine, other)
  return `${unifiedDiff(mine, other)}\n\nResult:\n\n${wholeValue(chosen)}`
}

function oneSided(base: ValueText | undefined, value: ValueText, decision: Decision): string {
  const side = decision.ours === undefined ? 'theirs' : 'ours'
  const absent = `${side === 'ours' ? 'Theirs' : 'Ours'} does not have it any more; ${side} has:`
  if (base === undefined || base === value) return `${absent}\n\n${wholeValue(value)}`
  return `${absent}\n\n${unifiedDiff({ name: 'base', value: base }, { name: side, value })}`
}
