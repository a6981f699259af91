import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { reportMarkdown } from '../../../src/report/markdown.ts'
import type { MergeReport } from '../../../src/report/report.ts'
import { countsWith, decisionWith, reportWith, sample } from './sample.ts'

const template = readFileSync(new URL('../../../templates/report.md', import.meta.url), 'utf8')
const markdown = (report: MergeReport): string => reportMarkdown(report, { template })

describe('the report for people', () => {
  test('looks like its golden file', async () => {
    await expect(markdown(sample)).toMatchFileSnapshot('./golden/report.md.txt')
  })

  test('has the lines of the seed’s report', () => {
    const counts = countsWith({
      oursOnly: 3,
      theirsOnly: 5,
      common: 190,
      conflicts: 2,
      result: 198,
      before: 193,
      after: 198,
    })
    const text = markdown(reportWith({ collections: { pnl_data: counts } }))
    for (const line of [
      'DATABASE SYNCHRONIZATION REPORT',
      'Timestamp: 2024-01-15 10:30:45 UTC',
      'Database: telegram',
      'Collection: pnl_data\n  Local only records: 3\n  Remote only records: 5\n  Common records: 190\n  Conflicts resolved: 2\n  Total merged: 198\n',
      'SUMMARY:\n  Total records after merge: 198\n  Total conflicts resolved: 2\n  Merge status: SUCCESS\n',
    ]) {
      expect(text).toContain(line)
    }
  })

  test('names where the losing value is, as the caller knows it', () => {
    const report = reportWith({ decisions: [decisionWith()] })
    const locate = (side: string): string => `git show ${side}:exports/app/pnl_data/records.jsonl`
    expect(reportMarkdown(report, { template, locate })).toContain(
      'The value of ours is in `git show ours:exports/app/pnl_data/records.jsonl`.',
    )
    expect(markdown(report)).toContain('The value of ours is in `the live database as it was before this merge`.')
    expect(markdown({ ...report, oursAt: 'refs/tandem/safety/1' })).toContain('in `commit refs/tandem/safety/1`.')
  })

  test('names both places where the result is neither side’s value', () => {
    const text = markdown(
      reportWith({ decisions: [decisionWith({ ours: '6', theirs: '8', chosen: '9', rule: 'counter' })] }),
    )
    expect(text).toContain('The value of ours is in')
    expect(text).toContain('The value of theirs is in')
    expect(text).toContain('| result | `9` |')
  })

  test.each([
    ['HTML', '"<img src=x onerror=alert(1)>"', '<img'],
    ['table cells', '"a | b"', 'a | b'],
    ['code spans', '"a ` b"', 'a ` b'],
    ['line breaks', '"a\u2028# b"', '\u2028'],
    ['terminals', '"\u009b2J"', '\u009b'],
    ['hidden text', '"\u202eabc\u200b"', '\u202e'],
    ['links', '"<https://example.org>"', 'https://example'],
    ['entities', '"&lt;b&gt;"', '&lt;b'],
  ])('keeps values out of %s', (_what, value, harmful) => {
    const text = markdown(
      reportWith({ decisions: [decisionWith({ ours: value, key: `[${value}]`, field: value, collection: value })] }),
    )
    expect(text).not.toContain(harmful)
  })

  test('keeps a long text inside its code block', () => {
    const long = (word: string): string => JSON.stringify(`${word}\n\`\`\`\n<script>\n\`\`\`\`\n# no heading`)
    const text = markdown(
      reportWith({ decisions: [decisionWith({ ours: long('a'), theirs: long('b'), chosen: long('b') })] }),
    )
    expect(text).toContain(
      '`````diff\n--- ours\n+++ theirs (chosen)\n@@ -1,4 +1,4 @@\n-a\n+b\n ```\n <script>\n ````\n',
    )
  })

  test('shows texts that differ only in what lines cannot show', () => {
    const text = markdown(
      reportWith({
        decisions: [
          decisionWith({
            ours: `"${'x'.repeat(121)}. y"`,
            theirs: `"${'x'.repeat(121)}.\\ny"`,
            chosen: '"z"',
            rule: 'held',
          }),
        ],
      }),
    )
    expect(text).toContain(`-"${'x'.repeat(121)}. y"\n+"${'x'.repeat(121)}.\\ny"`)
  })

  test('cuts what is too long to read and says where the rest is', () => {
    const lines = (word: string): string =>
      JSON.stringify(Array.from({ length: 400 }, (_, i) => `${word} ${i}`).join('\n'))
    const far = JSON.stringify(Array.from({ length: 3000 }, (_, i) => `c ${i}`).join('\n'))
    const cut = markdown(
      reportWith({ decisions: [decisionWith({ ours: lines('a'), theirs: lines('b'), chosen: lines('b') })] }),
    )
    expect(cut).toContain('… 601 more lines in the .json of this report')
    const given = markdown(reportWith({ decisions: [decisionWith({ ours: lines('a'), theirs: far, chosen: far })] }))
    expect(given).toContain('Too different to show line by line')
  })

  test('shows the first 1,000 decisions and counts the rest', () => {
    const decisions = Array.from({ length: 1003 }, (_, i) => decisionWith({ key: `[${i}]` }))
    const text = markdown(reportWith({ decisions }))
    expect(text.match(/^### /gm)).toHaveLength(1000)
    expect(text).toContain('### 1000. `pnl_data` `[999]` `name`')
    expect(text).toContain('… and 3 more decisions, in the .json of this report.')
  })

  test('fills in no placeholder that stands in a value, and leaves unknown ones alone', () => {
    const text = reportMarkdown(reportWith({ database: '{{summary}}' }), {
      template: '{{database}} {{unknown}} {{toString}}',
    })
    expect(text).toBe('{{summary}} {{unknown}} {{toString}}')
  })

  test('says so where nothing was in conflict or held, or there was no base', () => {
    const text = markdown(reportWith({ base: undefined }))
    expect(text).toContain('## Conflicts\n\nNone.')
    expect(text).toContain('## Held\n\nNothing.')
    expect(text).toContain('Base: none')
  })
})
