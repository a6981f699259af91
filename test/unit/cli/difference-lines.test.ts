/** How `tandem diff` shows records and values. */
import { describe, expect, test } from 'vitest'
import { changedLines, recordLine } from '../../../src/cli/difference-lines.ts'

const LONG = `${'The first sentence stays as it is. '.repeat(4)}The last one is old.`
const LONG_NEW = LONG.replace('old', 'new')

describe('a changed record', () => {
  test('has a line for each field, and says where one side has none', () => {
    const lines = changedLines(
      {
        key: '[1]',
        fields: [
          { name: 'name', exported: '"a"', live: '"b"' },
          { name: 'note', exported: undefined, live: '26.940' },
        ],
      },
      false,
    )
    expect(lines).toEqual(['~ [1]', '    name: "a" → "b"', '    note: (absent) → 26.940'])
  })

  test('shows of a long text the sentences that changed', () => {
    const field = { name: 'bio', exported: JSON.stringify(LONG), live: JSON.stringify(LONG_NEW) }
    const lines = changedLines({ key: '[1]', fields: [field] }, false)
    expect(lines).toContain('      -The last one is old.')
    expect(lines).toContain('      +The last one is new.')
    expect(lines.join('\n')).not.toContain('-The first')
  })

  test('shows at most 20 lines of a long text, and all of them when asked', () => {
    const text = (word: string): string =>
      JSON.stringify(Array.from({ length: 60 }, (_, i) => `${word} ${i}`).join('\n'))
    const record = { key: '[1]', fields: [{ name: 'bio', exported: text('old'), live: text('new') }] }
    const short = changedLines(record, false)
    expect(short.length).toBeLessThan(25)
    expect(short.at(-1)).toMatch(/… \d+ more lines: --full shows them/)
    const full = changedLines(record, true)
    expect(full.filter((line) => /^ +[-+](old|new) \d+$/.test(line))).toHaveLength(120)
  })

  test('shows two long values whose lines are the same as they are', () => {
    const [spaced, tight] = ['x', 'y'].map((end) => `"${'long '.repeat(40)}${end}"`) as [string, string]
    const lines = changedLines({ key: '[1]', fields: [{ name: 'a', exported: spaced, live: tight }] }, true)
    expect(lines.join('\n')).toContain('long x')
    expect(lines.join('\n')).toContain('long y')
  })
})

describe('a record of one side', () => {
  test('is cut after 160 characters, never inside a character, unless all is wanted', () => {
    const record = `{"a":"${'\u{1f600}'.repeat(200)}"}`
    const line = recordLine('+', '[1]', { shortened: record })
    expect(line.isWellFormed()).toBe(true)
    expect(line).toMatch(/^\+ \[1\] \{"a":".*…$/u)
    expect(line.length).toBeLessThan(175)
    expect(recordLine('-', '[1]', record)).toBe(`- [1] ${record}`)
  })

  test('cannot move the cursor', () => {
    expect(recordLine('+', '["\u009b2J"]', '{"a":"\u202e"}')).toBe('+ ["\\u{9b}2J"] {"a":"\\u{202e}"}')
  })
})
