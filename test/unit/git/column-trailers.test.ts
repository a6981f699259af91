/** The order of columns in the message of a commit: how it is written, and what is taken from a message that anybody may have written. */
import { array, assert, nat, property, stringMatching } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { columnTrailers, parseColumnTrailers } from '../../../src/git/history/column-trailers.ts'

/** The values of trailers, as git gives them. */
function valuesOf(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^Tandem-Columns: /, ''))
}

describe('the order of columns is written', () => {
  test('in one line', () => {
    expect(columnTrailers({ name: 'app/orders', places: [0, 3, 1, 2] })).toEqual(['Tandem-Columns: app/orders 0 3 1 2'])
  })

  test('in lines of at most 100 characters, each with the name', () => {
    const places = Array.from({ length: 120 }, (_, at) => 119 - at)
    const lines = columnTrailers({ name: 'app/orders', places })
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(100)
      expect(line).toMatch(/^Tandem-Columns: app\/orders \d/)
    }
  })

  test('in few lines even behind a name that is too long for one', () => {
    const lines = columnTrailers({
      name: `app/${'%D0%AF'.repeat(20)}`,
      places: Array.from({ length: 30 }, (_, at) => at),
    })
    expect(lines.length).toBeLessThan(5)
  })

  test('so that it can be read again', () => {
    assert(
      property(array(nat(2000), { minLength: 1 }), stringMatching(/^[\w%-]{1,120}$/), (places, folder) => {
        const name = `app/${folder}`
        expect(parseColumnTrailers(valuesOf(columnTrailers({ name, places })))).toEqual(new Map([[name, places]]))
      }),
    )
  })
})

describe('of a message', () => {
  test('several collections are read', () => {
    expect(parseColumnTrailers(['app/a 1 0', 'app/b 0 2', 'app/b 1'])).toEqual(
      new Map([
        ['app/a', [1, 0]],
        ['app/b', [0, 2, 1]],
      ]),
    )
  })

  test.each(['', ' ', 'app/a -1', 'app/a 1 x', 'app/a 0x1', 'app/a 1,0', 'app/a 1e3', 'app/a 999999', 'app/a ٣'])(
    'the value %j counts for nothing',
    (value) => {
      expect(parseColumnTrailers([value]).get('app/a') ?? []).toEqual([])
    },
  )

  test('names of JavaScript are names like any other', () => {
    expect(parseColumnTrailers(['__proto__ 1 0', 'constructor 0'])).toEqual(
      new Map([
        ['__proto__', [1, 0]],
        ['constructor', [0]],
      ]),
    )
  })
})
