import { describe, expect, test } from 'vitest'
import { summaryLines } from '../../../src/report/summary.ts'
import { countsWith, decisionWith, reportWith } from './sample.ts'

describe('the lines for a terminal', () => {
  test('are one for each collection that differed, and the total', () => {
    const traders = countsWith({
      oursOnly: 3,
      theirsOnly: 2,
      common: 190,
      changed: 3,
      conflicts: 1,
      result: 195,
      before: 193,
      after: 195,
    })
    const quiet = countsWith({ common: 10, result: 10, before: 10, after: 10 })
    expect(summaryLines(reportWith({ collections: { traders, quiet } }))).toEqual([
      'app/traders  local 3 · remote 2 · common 190 · conflicts 1 → 195 records',
      'SUCCESS: 1 conflict resolved, 205 records after the merge',
    ])
  })

  test('name what is held and why', () => {
    const held = [
      { collection: 'a', reason: 'guard' },
      { collection: 'b', reason: 'drift' },
    ]
    expect(summaryLines(reportWith({ status: 'HELD', held }))).toEqual([
      'held: app/a: guard (and 1 more)',
      'HELD: 0 conflicts resolved, 0 records after the merge',
    ])
  })

  test('count what could not be placed apart from the conflicts that were resolved, each record once', () => {
    const refused = decisionWith({ key: '["1"]', kind: 'constraint', rule: 'refused' })
    const aside = decisionWith({ key: '["1"]', kind: 'quarantine', rule: 'quarantined' })
    const traders = countsWith({ conflicts: 3, after: 5 })
    const decisions = [refused, aside, { ...aside, key: '["2"]' }, decisionWith({ key: '["3"]' })]
    expect(summaryLines(reportWith({ status: 'PARTIAL', collections: { traders }, decisions })).at(-1)).toBe(
      'PARTIAL: 1 conflict resolved, 5 records after the merge, 2 records in quarantine (tandem quarantine)',
    )
  })

  test('stay few however many collections there are', () => {
    const collections = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`c${i}`, countsWith({ theirsOnly: 1 })]),
    )
    const lines = summaryLines(reportWith({ collections, held: [{ collection: 'x', reason: 'y' }] }))
    expect(lines).toHaveLength(8)
    expect(lines[5]).toBe('… and 35 more collections')
  })

  test('cannot move the cursor of the terminal', () => {
    const collections = { ['a\u001b[2J\r\u202e']: countsWith({ theirsOnly: 1 }) }
    expect(summaryLines(reportWith({ collections }))[0]).toContain(String.raw`app/a\u{1b}[2J\u{d}\u{202e}`)
  })
})
