import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/config/json.ts'
import { usageError } from './support.ts'

describe('parseJson', () => {
  it.each([
    ['a missing comma', '{\n  "a": 1\n  "b": 2\n}', 'f.json:3:3: expected a comma or }, found "'],
    ['a comma before the closing brace', '{\n  "a": 1,\n}', 'f.json:3:1: a comma may not stand before }'],
    ['a comma before the closing bracket', '{"a": [1, ]}', 'f.json:1:11: a comma may not stand before ]'],
    [
      'a comment',
      '{\n  // why\n  "a": 1\n}',
      'f.json:2:3: expected a name in double quotes, found / (JSON has no comments)',
    ],
    ['single quotes', "{'a': 1}", "f.json:1:2: expected a name in double quotes, found '"],
    ['a missing colon', '{"a" 1}', 'f.json:1:6: expected :, found 1'],
    ['a file that ends early', '{\n"a": [1', 'f.json:2:8: expected a comma or ], found the end of the file'],
    ['an empty file', '', 'f.json:1:1: expected a value, found the end of the file'],
    ['an unknown word', '{"a": yes}', 'f.json:1:7: expected a value, found y'],
    [
      'a string over two lines',
      '{"a": "x\ny"}',
      'f.json:1:7: a string that does not end on its line or has a wrong escape',
    ],
    ['text after the end', '{}\n{}', 'f.json:2:1: nothing may follow the closing brace'],
    ['a repeated name', '{"a": 1,\n "a": 2}', 'f.json:2:2: "a" stands here twice'],
    ['a name repeated by an escape', '{"a": {"b": 1, "\\u0062": 2}}', 'f.json:1:16: "a.b" stands here twice'],
    ['a cursor movement', '{\u001b[2K}', 'f.json:1:2: expected a name in double quotes, found \\u{1b}'],
  ])('names file, line and column of %s', (_, text, message) => {
    expect(usageError(() => parseJson(text, 'f.json')).message).toBe(message)
  })

  it('refuses what is too long or too deep to be a configuration', () => {
    expect(usageError(() => parseJson(' '.repeat(1_000_001), 'f.json')).message).toContain('over 1 MB')
    expect(usageError(() => parseJson('['.repeat(100_000), 'f.json')).message).toContain('nested deeper than 64')
  })

  it('knows the line of an option, and of the nearest parent of one that is missing', () => {
    const json = parseJson('\ufeff{\n "a": {\n  "b/c": [\n   1,\n   2]\n }\n}', 'f.json')
    expect(json.value).toEqual({ a: { 'b/c': [1, 2] } })
    expect(json.lineOf([])).toBe(1)
    expect(json.lineOf(['a'])).toBe(2)
    expect(json.lineOf(['a', 'b/c'])).toBe(3)
    expect(json.lineOf(['a', 'b/c', '1'])).toBe(5)
    expect(json.lineOf(['a', 'missing', 'deeper'])).toBe(2)
  })

  it('accepts exactly what JSON.parse accepts, and reads the same from it', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', '\\', ' ', 'x', '0', '\u2028'),
        (text, at, insert) => {
          const place = at % (text.length + 1)
          const mutated = text.slice(0, place) + insert + text.slice(place)
          const expected = attempt(() => JSON.parse(mutated) as unknown)
          const actual = attempt(() => parseJson(mutated, 'f.json').value)
          fc.pre(actual !== REPEATED)
          expect(actual).toEqual(expected)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

const REFUSED = 'refused'
const REPEATED = 'refused for a repeated name, which JSON.parse takes'

/** What `run` returns, or that it threw: the words of the errors differ. */
function attempt(run: () => unknown): unknown {
  try {
    return { value: run() }
  } catch (error) {
    return error instanceof Error && error.message.endsWith('stands here twice') ? REPEATED : REFUSED
  }
}
