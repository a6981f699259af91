/** The laws of the merge on random records. A failure prints fast-check's seed and path; rerun with `fc.assert(…, { seed, path })`. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addChanges } from '../../../src/merge/values/counters.ts'
import { decimalText } from '../../../src/merge/values/decimal.ts'
import { isDocument } from '../../../src/merge/versions.ts'
import { mergeRecord, type RecordInput } from '../../../src/merge/record.ts'
import { type RecordOutcome } from '../../../src/merge/history/sides.ts'
import type { Side } from '../../../src/model/side.ts'
import { arrayText, kindOf, sameRecord, splitArray, splitObject } from '../../../src/model/canonical.ts'
import type { Decision } from '../../../src/model/decision.ts'
import { records, sets } from './histories.ts'
import { merge, mergedText, rulesWith } from './rules.ts'

const runs = { numRuns: 3000 }

function swapped(input: RecordInput): RecordInput {
  const { ours, theirs, stamps } = input
  return { ...input, ours: theirs, theirs: ours, stamps: { ours: stamps.theirs, theirs: stamps.ours } }
}

/** What an outcome puts where, without saying which side it came from. */
function textsOf(outcome: RecordOutcome): object {
  return outcome.kind === 'merged' ? { text: outcome.text } : { kept: outcome.kept, moved: outcome.moved }
}

function decisionsOf(input: RecordInput): readonly Decision[] {
  const outcome = mergeRecord(input)
  return outcome.kind === 'merged' ? outcome.decisions : [outcome.decision]
}

/** The values of a record by path: documents and keyed legs opened, empty documents left out; absent values are absent. */
function leaves(text: string | undefined, path = ''): Map<string, string> {
  if (text === undefined) return new Map()
  if (path === 'legs' && kindOf(text) === 'array') {
    return new Map(splitArray(text).flatMap((leg) => [...leaves(leg, `legs[${splitObject(leg).get('id') ?? ''}]`)]))
  }
  if (!isDocument(text)) return new Map([[path, text]])
  return new Map(
    [...splitObject(text)].flatMap(([name, value]) => [...leaves(value, path === '' ? name : `${path}.${name}`)]),
  )
}

/** True when a decision names `value` as what a side had at `path`: in the record, the critical group, or the field that was decided. */
function tells(decision: Decision, side: Side, [path, value]: readonly [path: string, value: string]): boolean {
  const { field } = decision
  const whole = field === undefined || field.includes(' + ')
  return leaves(decision[side], whole ? '' : field).get(path) === value
}

describe('the merge of two sides', () => {
  test('does not depend on which of them is ours', () => {
    fc.assert(
      fc.property(records, (input) => {
        const [one, other] = [mergeRecord(input), mergeRecord(swapped(input))]
        expect(textsOf(other)).toEqual(textsOf(one))
        const turned = decisionsOf(swapped(input)).map((each) => ({ ...each, ours: each.theirs, theirs: each.ours }))
        expect(turned).toEqual(decisionsOf(input))
      }),
      runs,
    )
  })

  test('is the record itself when both hold the same', () => {
    fc.assert(
      fc.property(records, (input) => {
        const outcome = mergeRecord({ ...input, theirs: input.ours })
        expect(outcome).toEqual({ kind: 'merged', text: input.ours, decisions: [] })
      }),
      runs,
    )
  })

  test('is the side that changed when the other did not, deletions too', () => {
    fc.assert(
      fc.property(records, (input) => {
        const { ours, theirs, rules } = input
        for (const outcome of [mergeRecord({ ...input, base: ours }), mergeRecord({ ...swapped(input), base: ours })]) {
          if (outcome.kind === 'collision') throw new Error('a collision with an untouched side')
          expect(sameRecord(outcome.text, theirs, rules.order)).toBe(true)
          expect(outcome.decisions).toEqual([])
        }
      }),
      runs,
    )
  })

  test('is stable: merging the result with either side again changes nothing', () => {
    fc.assert(
      fc.property(records, (input) => {
        const outcome = mergeRecord(input)
        if (outcome.kind === 'collision') return
        const again = mergeRecord({ ...input, base: input.theirs, ours: outcome.text })
        if (again.kind === 'collision') throw new Error('a collision with an untouched side')
        expect(sameRecord(again.text, outcome.text, input.rules.order)).toBe(true)
      }),
      runs,
    )
  })

  test('keeps every edit that the other side did not oppose', () => {
    fc.assert(
      fc.property(records, (input) => {
        const outcome = mergeRecord(input)
        if (outcome.kind === 'collision' || input.ours === undefined || input.theirs === undefined) return
        const [base, ours, theirs] = [leaves(input.base), leaves(input.ours), leaves(input.theirs)]
        const merged = leaves(outcome.text)
        const registers = [...new Set([...base.keys(), ...ours.keys()])].filter((path) => !/^(g[12]|legs)/.test(path))
        const unopposed = registers.filter((path) => base.get(path) === theirs.get(path))
        expect(unopposed.filter((path) => merged.get(path) !== ours.get(path))).toEqual([])
      }),
      runs,
    )
  })

  test('has every value that lost in a decision', () => {
    fc.assert(
      fc.property(records, (input) => {
        const outcome = mergeRecord(input)
        const merged = leaves(outcome.kind === 'merged' ? outcome.text : outcome.kept)
        const base = leaves(input.base)
        for (const side of ['ours', 'theirs'] as const) {
          const lost = [...leaves(input[side])].filter(
            ([path, value]) => value !== base.get(path) && value !== merged.get(path),
          )
          const silent = lost.filter((leaf) => !decisionsOf(input).some((decision) => tells(decision, side, leaf)))
          expect(silent).toEqual([])
        }
      }),
      runs,
    )
  })

  test('of a record added on both sides loses neither of two records', () => {
    fc.assert(
      fc.property(records, (input) => {
        const outcome = mergeRecord(input)
        if (outcome.kind !== 'collision') return
        expect(new Set([outcome.kept, outcome.moved])).toEqual(new Set([input.ours, input.theirs]))
        expect(outcome.kept).toBe(input[outcome.keptSide])
      }),
      runs,
    )
  })
})

describe('sets', () => {
  test('hold exactly what was added by either and removed by neither', () => {
    fc.assert(
      fc.property(sets, ({ base, ours, theirs }) => {
        const expected = [...new Set([...ours, ...theirs])].filter((member) =>
          base.includes(member) ? ours.includes(member) && theirs.includes(member) : true,
        )
        const merged = mergeSets(base, ours, theirs)
        expect([...merged].sort()).toEqual(expected.sort())
        expect([...mergeSets(base, theirs, ours)].sort()).toEqual(expected.sort())
        expect(mergeSets(base, merged, merged)).toEqual(merged)
      }),
      runs,
    )
  })
})

/** The members of a set after a merge of records that hold nothing else. */
function mergeSets(...lists: readonly (readonly string[])[]): readonly string[] {
  const [base, ours, theirs] = lists.map((list) => `{"list":${arrayText(list)}}`)
  const text = mergedText(merge({ base, ours: ours, theirs: theirs, rules: rulesWith({ arrays: { list: 'set' } }) }))
  return splitArray(splitObject(text ?? '').get('list') ?? '[]')
}

describe('counters', () => {
  const amount = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })

  test('add up exactly at any size and scale', () => {
    fc.assert(
      fc.property(amount, amount, amount, fc.nat({ max: 12 }), (b, o, t, scale) => {
        const text = (unscaled: bigint): string => `"${decimalText({ unscaled, scale })}"`
        expect(addChanges({ base: text(b), ours: text(o), theirs: text(t) }, 'sorted')).toBe(text(o + t - b))
      }),
      runs,
    )
  })

  test('of the two kinds of integers of a table stay what the table would hold', () => {
    const safe = fc.maxSafeInteger()
    fc.assert(
      fc.property(safe, safe, safe, (b, o, t) => {
        const sum = BigInt(o) + BigInt(t) - BigInt(b)
        const expected = sum === BigInt(Number(sum)) && Number.isSafeInteger(Number(sum)) ? sum.toString() : undefined
        expect(addChanges({ base: String(b), ours: String(o), theirs: String(t) }, 'sorted')).toBe(expected)
      }),
      runs,
    )
  })
})
