import { describe, expect, test } from 'vitest'
import { merge, mergedText, rulesWith, stampsWith } from './rules.ts'

const jsonb = rulesWith({ jsonbFields: ['profile'] })
const documents = rulesWith({ order: 'kept' })

describe('documents', () => {
  test('merge by path in jsonb and are printed as PostgreSQL prints them', () => {
    const outcome = merge({
      base: '{"profile": {"b": 1, "aa": {"x": 1.50}}}',
      ours: '{"profile": {"b": 2, "aa": {"x": 1.50}, "ccc": [1, 2]}}',
      theirs: '{"profile": {"b": 1, "é": null, "zz": 1, "aa": {"x": 1.500}}}',
      rules: jsonb,
    })
    expect(outcome).toEqual({
      kind: 'merged',
      text: '{"profile":{"b": 2, "aa": {"x": 1.500}, "zz": 1, "é": null, "ccc": [1, 2]}}',
      decisions: [],
    })
  })

  test('conflicts inside are reported by path', () => {
    const outcome = merge({
      base: '{"profile":{"city": "Rome", "geo": {"lat": 1}}}',
      ours: '{"profile":{"city": "Oslo", "geo": {"lat": 2}}}',
      theirs: '{"profile":{"city": "Bern", "geo": {"lat": 3}}}',
      rules: jsonb,
      stamps: stampsWith({ at: 3000 }, { at: 2000 }),
    })
    expect(outcome).toMatchObject({
      text: '{"profile":{"geo": {"lat": 2}, "city": "Oslo"}}',
      decisions: [
        { field: 'profile.city', ours: '"Oslo"', theirs: '"Bern"', chosen: '"Oslo"', rule: 'newest' },
        { field: 'profile.geo.lat', ours: '2', theirs: '3', chosen: '2', rule: 'newest' },
      ],
    })
  })

  test('added on both sides are united', () => {
    const outcome = merge({
      base: '{"_id":1}',
      ours: '{"_id":1,"p":{"a":1}}',
      theirs: '{"_id":1,"p":{"b":2}}',
      rules: documents,
    })
    expect(outcome).toMatchObject({ text: '{"_id":1,"p":{"b":2,"a":1}}', decisions: [] })
  })

  test('keep the base’s order of fields, then the winner’s, where order is kept', () => {
    const input = {
      base: '{"_id":1,"z":1,"a":1}',
      ours: '{"_id":1,"z":2,"a":1,"n":1,"m":1}',
      theirs: '{"_id":1,"a":2,"z":1,"y":1,"x":1}',
      rules: documents,
    }
    const first = mergedText(merge({ ...input, stamps: stampsWith({ at: 3000 }, { at: 2000 }) }))
    expect(first).toBe('{"_id":1,"z":2,"a":2,"n":1,"m":1,"y":1,"x":1}')
  })

  test('that differ in field order only are unchanged', () => {
    const base = '{"_id":1,"p":{"a":1,"b":2}}'
    const edited = '{"_id":1,"p":{"a":1,"b":3}}'
    const outcome = merge({ base, ours: '{"p":{"b":2,"a":1},"_id":1}', theirs: edited, rules: documents })
    expect(outcome).toEqual({ kind: 'merged', text: edited, decisions: [] })
    expect(mergedText(merge({ base, ours: '{"p":{"b":2,"a":1},"_id":1}', rules: documents }))).toBeUndefined()
  })

  test('against a value of another type are one value', () => {
    const outcome = merge({
      base: '{"_id":1,"p":{"a":1}}',
      ours: '{"_id":1,"p":{"a":1,"b":2}}',
      theirs: '{"_id":1,"p":"none"}',
      rules: documents,
      stamps: stampsWith({ at: 2000 }, { at: 3000 }),
    })
    expect(outcome).toMatchObject({ text: '{"_id":1,"p":"none"}', decisions: [{ field: 'p', ours: '{"a":1,"b":2}' }] })
  })

  test('that stand for one typed value never merge by path', () => {
    const outcome = merge({
      base: '{"_id":1,"t":{"$timestamp":{"t":1,"i":1}}}',
      ours: '{"_id":1,"t":{"$timestamp":{"t":2,"i":1}}}',
      theirs: '{"_id":1,"t":{"$timestamp":{"t":1,"i":2}}}',
      rules: documents,
    })
    expect(mergedText(outcome)).toBe('{"_id":1,"t":{"$timestamp":{"t":1,"i":2}}}')
  })

  test('emptied path by path become an empty document, not an absent one', () => {
    const outcome = merge({ base: '{"p":{"a":1,"b":1}}', ours: '{"p":{"a":1}}', theirs: '{"p":{"b":1}}', rules: jsonb })
    expect(mergedText(outcome)).toBe('{"p":{}}')
  })

  test('fields called like parts of JavaScript’s objects are ordinary fields', () => {
    const outcome = merge({
      base: '{"__proto__":1,"constructor":1,"toString":[1]}',
      ours: '{"__proto__":2,"constructor":1,"toString":[1,2]}',
      theirs: '{"__proto__":1,"constructor":2,"toString":[1,3]}',
    })
    expect(mergedText(outcome)).toBe('{"__proto__":2,"constructor":2,"toString":[1,3]}')
  })
})

describe('documents with names that JSON or the format use otherwise', () => {
  test('$id and $ref in jsonb are names like others', () => {
    const outcome = merge({
      base: '{"profile":{"$id": "s", "size": 1, "below": {"$ref": "x", "number": 1}}}',
      ours: '{"profile":{"$id": "s", "size": 2, "below": {"$ref": "y", "number": 1}}}',
      theirs: '{"profile":{"$id": "t", "size": 1, "below": {"$ref": "x", "number": 2}}}',
      rules: jsonb,
    })
    expect(outcome).toMatchObject({
      text: '{"profile":{"$id": "t", "size": 2, "below": {"$ref": "y", "number": 2}}}',
      decisions: [],
    })
  })

  test('a typed value of a document database stays one value', () => {
    const at = (hex: string): string => `{"_id":1,"at":{"$oid":"${hex}"}}`
    const outcome = merge({ base: at('01'), ours: at('02'), theirs: at('03'), rules: documents })
    expect(outcome).toMatchObject({ decisions: [{ field: 'at' }] })
  })

  test('integer names inside a document merge by part, and are listed again', () => {
    const outcome = merge({
      base: '{"_id":1,"years":{"$doc":[["2024",1],["2025",1],["x",{"$doc":[["7",1],["n",1]]}]]}}',
      ours: '{"_id":1,"years":{"$doc":[["2024",2],["2025",1],["x",{"$doc":[["7",1],["n",1]]}]]}}',
      theirs: '{"_id":1,"years":{"$doc":[["2024",1],["2025",3],["x",{"$doc":[["7",1],["n",2]]}]]}}',
      rules: documents,
    })
    expect(outcome).toMatchObject({
      text: '{"_id":1,"years":{"$doc":[["2024",2],["2025",3],["x",{"$doc":[["7",1],["n",2]]}]]}}',
      decisions: [],
    })
  })

  test('integer names of a record merge by part, its own time is read, and it becomes plain when they are gone', () => {
    const record = (fields: string): string => `{"_id":1,"$doc":[${fields}]}`
    const rules = rulesWith({ order: 'kept', newest: 'at' })
    expect(
      merge({
        base: record('["2024",1],["2025",1],["at","2026-01-01"]'),
        ours: record('["2024",5],["2025",1],["at","2026-03-01"]'),
        theirs: record('["2024",6],["2025",2],["at","2026-02-01"]'),
        rules,
        stamps: stampsWith(),
      }),
    ).toMatchObject({ text: record('["2024",5],["2025",2],["at","2026-03-01"]') })
    expect(
      mergedText(
        merge({
          base: record('["2024",1],["a",1],["b",1]'),
          ours: '{"_id":1,"a":1,"b":1}',
          theirs: record('["2024",1],["a",1],["b",2]'),
          rules,
        }),
      ),
    ).toBe('{"_id":1,"a":1,"b":2}')
  })

  test('a document in which a name occurs twice stays one value', () => {
    const at = (n: number): string => `{"_id":1,"d":{"$doc":[["a",${n}],["a",1]]}}`
    expect(merge({ base: at(1), ours: at(2), theirs: at(3), rules: documents })).toMatchObject({
      decisions: [{ field: 'd' }],
    })
  })
})
