import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DamagedError } from '../../../src/model/errors.ts'
import { reportJson } from '../../../src/report/json.ts'
import { parseReport } from '../../../src/report/parse.ts'
import type { MergeReport } from '../../../src/report/report.ts'
import { countsWith, decisionWith, reportWith, sample } from './sample.ts'

describe('the report for programs', () => {
  test('looks like its golden file', async () => {
    await expect(reportJson(sample)).toMatchFileSnapshot('./golden/report.json.txt')
  })

  test('is JSON of the documented shape', () => {
    const report = reportWith({
      collections: { pnl_data: countsWith({ common: 1, result: 1 }) },
      decisions: [decisionWith({ key: '["a",191]', ours: undefined })],
    })
    expect(JSON.parse(reportJson(report))).toEqual({
      version: 1,
      source: 'app',
      database: 'telegram',
      asset: 'asset-1',
      time: '2024-01-15T10:30:45.123Z',
      base: '9f8e7d6',
      ours: 'live',
      theirs: '1a2b3c4',
      status: 'SUCCESS',
      collections: {
        pnl_data: { oursOnly: 0, theirsOnly: 0, common: 1, changed: 0, conflicts: 0, result: 1, before: 0, after: 0 },
      },
      held: [],
      decisions: [
        {
          collection: 'pnl_data',
          key: ['a', 191],
          field: 'name',
          kind: 'edit-edit',
          base: 'Ann',
          theirs: 'Annie',
          chosen: 'Annie',
          rule: 'newest',
        },
      ],
    })
  })

  test('holds values with the digits they have', () => {
    const text = reportJson(
      reportWith({ decisions: [decisionWith({ ours: '26.940', theirs: '123456789012345678901.50' })] }),
    )
    expect(text).toContain('"ours":26.940,"theirs":123456789012345678901.50')
  })

  test('has one line for each decision', () => {
    const text = reportJson(
      reportWith({ decisions: [decisionWith(), decisionWith(), decisionWith({ ours: '"a\\nb"' })] }),
    )
    expect(text.split('\n').filter((line) => line.includes('"kind"'))).toHaveLength(3)
  })

  test('is the same whatever order its collections were counted in', () => {
    const [a, b] = [countsWith({ common: 1 }), countsWith({ common: 2 })]
    expect(reportJson(reportWith({ collections: { a, b } }))).toBe(reportJson(reportWith({ collections: { b, a } })))
  })

  test('comes back the same when read', () => {
    expect(parseReport(reportJson(sample), 'r.json')).toEqual(sample)
    const plain = reportWith({ base: undefined, collections: { ['__proto__']: countsWith() } })
    expect(reportJson(parseReport(reportJson(plain), 'r.json'))).toBe(reportJson(plain))
  })

  test('comes back the same whatever names and values it holds', () => {
    const value = fc.option(
      fc.oneof(
        fc.constant('26.940'),
        fc.jsonValue().map((one) => JSON.stringify(one)),
      ),
      { nil: undefined },
    )
    const name = fc.string({ unit: 'grapheme' })
    const decisions = fc.array(
      fc
        .record({
          collection: name,
          field: fc.option(name, { nil: undefined }),
          base: value,
          ours: value,
          theirs: value,
          chosen: value,
        })
        .map((some) => decisionWith(some)),
    )
    fc.assert(
      fc.property(name, decisions, (database, made) => {
        const report = reportWith({ database, decisions: made })
        expect(parseReport(reportJson(report), 'r.json')).toEqual(report)
      }),
      { numRuns: 300 },
    )
  })
})

describe('reading a report', () => {
  const good = reportJson(reportWith({ collections: { a: countsWith() }, decisions: [decisionWith()] }))

  test.each([
    ['no JSON', 'x'],
    ['a cut file', good.slice(0, -20)],
    ['another version', good.replace('"version": 1', '"version": 2')],
    ['no version', good.replace('"version": 1,', '')],
    ['a list', '[]'],
    ['a status of its own', good.replace('SUCCESS', 'FINE')],
    ['a count that is no number', good.replace('"common":0', '"common":"0"')],
    ['a negative count', good.replace('"common":0', '"common":-1')],
    ['a missing count', good.replace('"common":0,', '')],
    ['a key that is no array', good.replace('"key":[7]', '"key":7')],
    ['a rule that is markup', good.replace('newest', '<b>')],
    ['a field twice', good.replace('"source": "app"', '"source": "app", "source": "b"')],
  ])('refuses %s, naming the file', (_what, text) => {
    expect(() => parseReport(text, 'exports/reports/x.json')).toThrow(DamagedError)
    expect(() => parseReport(text, 'exports/reports/x.json')).toThrow('exports/reports/x.json')
  })

  test('takes what a formatter spread over lines', () => {
    const spread: MergeReport = parseReport(JSON.stringify(JSON.parse(good), undefined, 2), 'r.json')
    expect(spread.decisions[0]).toEqual({ ...decisionWith(), key: expect.stringMatching(/^\[\s*7\s*\]$/) })
  })
})
