/** Taking an apply back: exact where nothing was written since, and never at the cost of what was. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { takeBack, type TakenBack } from '../../../src/merge/history/take-back.ts'
import { splitObject } from '../../../src/model/canonical.ts'
import { rulesWith } from './rules.ts'

type Records = Map<string, string>

const rules = rulesWith({ newest: 'a' })
const value = fc.constantFrom('0', '1', '2', '"x"')
const record = fc.record({ a: value, b: value, c: value }, { requiredKeys: ['a'] }).map(
  (fields) =>
    `{${Object.entries(fields)
      .map(([name, text]) => `"${name}":${text}`)
      .join(',')}}`,
)
const records = fc
  .dictionary(fc.constantFrom('[1]', '[2]', '[3]', '[4]'), record)
  .map((entries): Records => new Map(Object.entries(entries)))

function applied(live: ReadonlyMap<string, string>, { changes }: TakenBack): Records {
  const result = new Map(live)
  for (const { key, after } of changes)
    if (after === undefined) result.delete(key)
    else result.set(key, after)
  return result
}

const sorted = (all: ReadonlyMap<string, string>): [string, string][] =>
  [...all].toSorted(([a], [b]) => (a < b ? -1 : 1))

test('gives back exactly what was there when nothing was written since, and the way forth again is the same step', () => {
  fc.assert(
    fc.property(records, records, (before, after) => {
      const back = applied(after, takeBack({ before, after, live: after, rules }))
      expect(sorted(back)).toEqual(sorted(before))
      const forth = applied(back, takeBack({ before: after, after: back, live: back, rules }))
      expect(sorted(forth)).toEqual(sorted(after))
    }),
  )
})

test('keeps every record that was added, deleted or changed since, field by field, and names it', () => {
  fc.assert(
    fc.property(records, records, records, (before, after, live) => {
      const taken = takeBack({ before, after, live, rules })
      const result = applied(live, taken)
      for (const key of new Set([...before.keys(), ...after.keys(), ...live.keys()])) {
        const [left, now, then] = [after.get(key), live.get(key), result.get(key)]
        if (left === now) continue
        const [leftFields, fields] = [splitObject(left ?? '{}'), splitObject(now ?? '{}')]
        const thenFields = splitObject(then ?? '{}')
        const written = [...new Set([...leftFields.keys(), ...fields.keys()])].filter(
          (name) => leftFields.get(name) !== fields.get(name),
        )
        for (const name of written) expect(thenFields.get(name)).toBe(fields.get(name))
        const stays = then !== before.get(key) && before.get(key) !== left
        expect(stays && !taken.kept.includes(key)).toBe(false)
      }
    }),
  )
})

test('leaves alone what the apply did not touch', () => {
  fc.assert(
    fc.property(records, records, (same, live) => {
      expect(takeBack({ before: same, after: same, live, rules })).toEqual({ changes: [], kept: [] })
    }),
  )
})
