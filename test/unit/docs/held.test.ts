/** docs/held.md names every reason for which something is held, as the program words it: a reason that is added or reworded shows here, and so does one that is only in the page. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, codeOf, isSentence, literalsIn, shows, sourceFiles } from './literals.ts'

const page = readFileSync(path.join(ROOT, 'docs/held.md'), 'utf8')

/** Bold code, and the first column of the table of quarantine reasons. */
const shown = [...page.matchAll(/\*\*`([^`]+)`\*\*|^\| `([^`]+)` +\|/gm)].map((match) => match[1] ?? match[2] ?? '')

/** Where reasons are worded: as what a function returns, or as an argument beside the collection's name. */
const REASONS = [
  'src/source/holds.ts',
  'src/source/unfit.ts',
  'src/source/guard.ts',
  'src/source/home-fields.ts',
  'src/source/live.ts',
  'src/source/withheld.ts',
  'src/schema/drift.ts',
  'src/sync-point/past.ts',
  'src/pull/make-plan.ts',
  'src/pull/apply-plan.ts',
  'src/pull/incoming/may-apply.ts',
  'src/pull/incoming/mixed.ts',
  'src/pull/keys/collisions.ts',
  'src/pull/keys/unsafe-collisions.ts',
  'src/pull/keys/quarantine-losers.ts',
  'src/pull/constraints/place-changes.ts',
  'src/push/plan-export.ts',
  'src/merge/constraints/uniques.ts',
  'src/merge/constraints/references.ts',
]

const IN_PLACE_OF_A_REASON = /(?:return|reason:|reason =|[(,?:+])\s*$/

/** Errors and their hints are told elsewhere, progress holds nothing, and a stale plan is made again. */
const NO_REASON = /hint: $|(?:Error|progress)\((?:\s*\{[^{}]*\},)?\s*$|status: 'stale', reason:\s*$/

function reasonsIn(file: string): string[] {
  return literalsIn(codeOf(file)).flatMap(({ text, before }) =>
    IN_PLACE_OF_A_REASON.test(before) && !NO_REASON.test(before) && isSentence(text) && !text.startsWith('--')
      ? [text]
      : [],
  )
}

/** The messages of every GuardError: what comes before its hint. */
function guardMessages(file: string): string[] {
  return codeOf(file)
    .split('new GuardError(')
    .slice(1)
    .flatMap((rest) => literalsIn(rest.slice(0, Math.max(0, rest.search(/hint:|\)\n/)))))
    .flatMap(({ text }) => (isSentence(text) ? [text] : []))
}

/** As a message, or as a part of one that the text mentions. */
function isShown(literal: string): boolean {
  return shown.some((message) => shows(message, literal)) || (!literal.includes('${') && page.includes(literal))
}

describe('docs/held.md', () => {
  test.each(REASONS)('has every reason of %s', (file) => {
    const reasons = reasonsIn(file)
    expect(reasons).not.toEqual([])
    expect(reasons.filter((reason) => !isShown(reason))).toEqual([])
  })

  test('no other file of the program holds a collection', () => {
    const setting = sourceFiles().filter((file) => /\b(?:holds|unsafe|unreadable)\.set\(/.test(codeOf(file)))
    // `init` shows beforehand what would be held, in the words of others
    expect(setting.filter((file) => !REASONS.includes(file))).toEqual(['src/operations/init/join.ts'])
  })

  test('has the message of every guard', () => {
    const messages = sourceFiles().flatMap(guardMessages)
    expect(messages.length).toBeGreaterThan(15)
    expect(messages.filter((message) => !isShown(message))).toEqual([])
  })

  test('shows no message that the program does not have', () => {
    const literals = sourceFiles().flatMap((file) => literalsIn(codeOf(file)).map(({ text }) => text))
    const sentences = literals.filter(isSentence)
    expect(shown.length).toBeGreaterThan(40)
    expect(shown.filter((message) => !sentences.some((literal) => shows(message, literal)))).toEqual([])
  })

  test('a message that was reworded is told from one that was not', () => {
    const literal = 'would delete ${deletes} of ${size} records'
    expect(shows('would delete N of M records', literal)).toBe(true)
    expect(shows('would remove N of M records', literal)).toBe(false)
    expect(isShown('would remove ${deletes} of ${size} records')).toBe(false)
  })
})
