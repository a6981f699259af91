import { describe, expect, test } from 'vitest'
import { merge, mergedText, rulesWith, stampsWith } from './rules.ts'

describe('who touched the record', () => {
  const base = '{"id":1,"name":"Ann"}'
  const edited = '{"id":1,"name":"Anna"}'

  test('a record only one side edited is taken from that side', () => {
    expect(merge({ base, ours: edited, theirs: base })).toEqual({ kind: 'merged', text: edited, decisions: [] })
    expect(merge({ base, ours: base, theirs: edited })).toEqual({ kind: 'merged', text: edited, decisions: [] })
  })

  test('a record only one side deleted is gone', () => {
    expect(merge({ base, ours: base })).toEqual({ kind: 'merged', text: undefined, decisions: [] })
    expect(merge({ base, theirs: base })).toEqual({ kind: 'merged', text: undefined, decisions: [] })
  })

  test('a record both sides deleted is gone without a word', () => {
    expect(merge({ base })).toEqual({ kind: 'merged', text: undefined, decisions: [] })
  })

  test('a record one side added is there', () => {
    expect(mergedText(merge({ theirs: edited }))).toBe(edited)
  })

  test('an edit against a delete keeps the edited record whole and says so', () => {
    const decision = { collection: 'traders', key: '[1]', field: undefined, kind: 'edit-delete', rule: 'keep', base }
    expect(merge({ base, ours: edited })).toEqual({
      kind: 'merged',
      text: edited,
      decisions: [{ ...decision, ours: edited, theirs: undefined, chosen: edited }],
    })
    expect(merge({ base, theirs: edited })).toEqual({
      kind: 'merged',
      text: edited,
      decisions: [{ ...decision, ours: undefined, theirs: edited, chosen: edited }],
    })
  })

  test('a trigger touching a derived field does not save a record from a deletion', () => {
    const rules = rulesWith({ derived: ['seen'] })
    expect(mergedText(merge({ base: '{"id":1,"seen":1}', theirs: '{"id":1,"seen":2}', rules }))).toBeUndefined()
  })
})

describe('both sides edited the record', () => {
  const base = '{"id":1,"name":"Ann","profit_usd":"26.940","updated_at":"2024-01-15 10:00:00+00"}'

  test('edits of different fields both survive', () => {
    const outcome = merge({ base: '{"a":1,"b":1,"c":1}', ours: '{"a":2,"b":1,"c":1}', theirs: '{"a":1,"b":1,"c":3}' })
    expect(outcome).toEqual({ kind: 'merged', text: '{"a":2,"b":1,"c":3}', decisions: [] })
  })

  test('the same edit on both sides is no conflict', () => {
    const outcome = merge({ base: '{"a":1,"b":1}', ours: '{"a":2,"b":2}', theirs: '{"a":2,"b":3}' })
    expect(outcome.kind === 'merged' && outcome.decisions.map((one) => one.field)).toEqual(['b'])
  })

  test('the newer record wins and the older value is reported', () => {
    const ours = base.replace('Ann', 'Anna').replace('10:00:00', '10:30:45')
    const theirs = base.replace('Ann', 'Annie').replace('10:00:00', '10:30:46')
    const outcome = merge({ base, ours, theirs, rules: rulesWith({ newest: 'updated_at' }) })
    expect(outcome).toEqual({
      kind: 'merged',
      text: theirs,
      decisions: [
        {
          collection: 'traders',
          key: '[1]',
          field: 'name',
          kind: 'edit-edit',
          base: '"Ann"',
          ours: '"Anna"',
          theirs: '"Annie"',
          chosen: '"Annie"',
          rule: 'newest',
        },
        {
          collection: 'traders',
          key: '[1]',
          field: 'updated_at',
          kind: 'edit-edit',
          base: '"2024-01-15 10:00:00+00"',
          ours: '"2024-01-15 10:30:45+00"',
          theirs: '"2024-01-15 10:30:46+00"',
          chosen: '"2024-01-15 10:30:46+00"',
          rule: 'newest',
        },
      ],
    })
  })

  test('a microsecond is enough to be newer', () => {
    const ours = base.replace('Ann', 'Anna').replace('10:00:00', '10:30:45.123457')
    const theirs = base.replace('Ann', 'Annie').replace('10:00:00', '10:30:45.123456')
    const outcome = merge({ base, ours, theirs, rules: rulesWith({ newest: 'updated_at' }) })
    expect(mergedText(outcome)).toBe(ours)
  })

  test('at equal times the more complete record wins', () => {
    const ours = '{"id":1,"name":"Anna","note":"","tags":[]}'
    const theirs = '{"active":false,"id":1,"name":"Annie","wins":0}'
    const outcome = merge({ base: '{"id":1,"name":"Ann"}', ours, theirs })
    expect(mergedText(outcome)).toContain('"name":"Annie"')
    expect(outcome.kind === 'merged' && outcome.decisions[0]?.rule).toBe('most-complete')
  })

  test('at equal times and completeness the greater asset name wins', () => {
    const outcome = merge({ base: '{"a":1}', ours: '{"a":9}', theirs: '{"a":2}' })
    expect(outcome).toMatchObject({ text: '{"a":2}', decisions: [{ rule: 'asset' }] })
  })

  test('one asset against itself at one moment is decided by value bytes', () => {
    const stamps = stampsWith({}, { asset: 'asset-1' })
    const outcome = merge({ base: '{"a":1}', ours: '{"a":9}', theirs: '{"a":2}', stamps })
    expect(outcome).toMatchObject({ text: '{"a":9}', decisions: [{ rule: 'bytes' }] })
  })

  test('a record time that moved backwards counts as the commit time of its writer', () => {
    const ours = base.replace('Ann', 'Anna').replace('2024-01-15', '2023-01-01')
    const theirs = base.replace('Ann', 'Annie').replace('10:00:00', '10:30:46')
    const at = Date.parse('2024-01-15T10:30:47Z')
    const input = { base, ours, theirs, rules: rulesWith({ newest: 'updated_at' }) }
    expect(mergedText(merge({ ...input, stamps: stampsWith({ at }) }))).toContain('"name":"Anna"')
    expect(mergedText(merge({ ...input, stamps: stampsWith({ at: at - 2000 }) }))).toContain('"name":"Annie"')
  })

  test('a record time that did not move counts as the commit time of its writer', () => {
    const input = { base, ours: base.replace('Ann', 'Anna'), theirs: base.replace('Ann', 'Annie') }
    const rules = rulesWith({ newest: 'updated_at' })
    expect(mergedText(merge({ ...input, rules, stamps: stampsWith({ at: 3000 }, { at: 2000 }) }))).toBe(input.ours)
    expect(mergedText(merge({ ...input, rules, stamps: stampsWith({ at: 2000 }, { at: 3000 }) }))).toBe(input.theirs)
  })

  test('a record time from a clock far ahead counts for no more than the commit it came in', () => {
    const ours = base.replace('Ann', 'Anna').replace('2024-01-15', '2999-01-01')
    const theirs = base.replace('Ann', 'Annie').replace('10:00:00', '10:30:46')
    const stamps = stampsWith({ at: Date.parse('2024-01-15T10:30:45Z') })
    expect(mergedText(merge({ base, ours, theirs, rules: rulesWith({ newest: 'updated_at' }), stamps }))).toBe(theirs)
  })

  test('a record time before everything the writer had seen counts as just after it', () => {
    const ours = base.replace('Ann', 'Anna').replace('10:00:00', '10:00:05')
    const theirs = base.replace('Ann', 'Annie').replace('10:00:00', '10:00:01')
    const stamps = stampsWith({}, { since: Date.parse('2024-01-15T10:00:06Z') })
    expect(mergedText(merge({ base, ours, theirs, rules: rulesWith({ newest: 'updated_at' }), stamps }))).toBe(theirs)
  })

  test('a removed field and an edited one are two values, and the winner decides', () => {
    const stamps = stampsWith({ at: 3000 }, { at: 2000 })
    const outcome = merge({ base: '{"a":1,"b":1}', ours: '{"b":1}', theirs: '{"a":2,"b":1}', stamps })
    expect(outcome).toMatchObject({ text: '{"b":1}', decisions: [{ theirs: '2', chosen: undefined, rule: 'newest' }] })
  })

  test('numbers keep the digits they were written with', () => {
    const outcome = merge({
      base: '{"a":26.940,"big":12345678901234567890.10,"c":1}',
      ours: '{"a":26.940,"big":12345678901234567890.10,"c":2}',
      theirs: '{"a":26.9400,"big":12345678901234567890.10,"c":1}',
    })
    expect(mergedText(outcome)).toBe('{"a":26.9400,"big":12345678901234567890.10,"c":2}')
  })

  test('a derived field is never reported, and alone changes nothing', () => {
    const rules = rulesWith({ derived: ['seen'] })
    const outcome = merge({
      base: '{"a":1,"seen":1}',
      ours: '{"a":2,"seen":2}',
      theirs: '{"a":1,"b":1,"seen":3}',
      rules,
    })
    expect(outcome).toMatchObject({ text: '{"a":2,"b":1,"seen":3}', decisions: [] })
  })
})

describe('critical fields', () => {
  const rules = rulesWith({ critical: ['user_id', 'profit_usd', 'ticker'] })
  const base = '{"id":1,"note":"n","profit_usd":"1.00","ticker":"SOL","user_id":7}'

  test('come as a group from one side where both changed any of them', () => {
    const ours = base.replace('1.00', '2.00')
    const theirs = base.replace('SOL', 'BTC')
    const stamps = stampsWith({ at: 3000 }, { at: 2000 })
    expect(merge({ base, ours, theirs, rules, stamps })).toEqual({
      kind: 'merged',
      text: ours,
      decisions: [
        {
          collection: 'traders',
          key: '[1]',
          field: 'user_id + profit_usd + ticker',
          kind: 'edit-edit',
          base: '{"user_id":7,"profit_usd":"1.00","ticker":"SOL"}',
          ours: '{"user_id":7,"profit_usd":"2.00","ticker":"SOL"}',
          theirs: '{"user_id":7,"profit_usd":"1.00","ticker":"BTC"}',
          chosen: '{"user_id":7,"profit_usd":"2.00","ticker":"SOL"}',
          rule: 'newest',
        },
      ],
    })
  })

  test('changed on one side are taken beside the other side’s other edits', () => {
    const outcome = merge({ base, ours: base.replace('1.00', '2.00'), theirs: base.replace('"n"', '"m"'), rules })
    expect(outcome).toMatchObject({ text: base.replace('1.00', '2.00').replace('"n"', '"m"'), decisions: [] })
  })
})

describe('added on both sides', () => {
  const ours = '{"id":191,"profit_usd":"5.00","ticker":"SOL","user_id":7}'
  const theirs = '{"id":191,"profit_usd":"6.00","ticker":"SOL","user_id":7}'
  const stranger = '{"id":191,"profit_usd":"6.00","ticker":"BTC","user_id":8}'
  const identity = ['user_id', 'ticker']

  test('the same content is one record', () => {
    expect(merge({ ours, theirs: ours, rules: rulesWith({ serialKey: true }) })).toMatchObject({
      text: ours,
      decisions: [],
    })
  })

  test('the same identity is one record, merged per field', () => {
    const outcome = merge({ ours, theirs, rules: rulesWith({ serialKey: true, identity }) })
    expect(outcome).toMatchObject({
      kind: 'merged',
      text: theirs,
      decisions: [{ kind: 'add-add', field: 'profit_usd', base: undefined, ours: '"5.00"', theirs: '"6.00"' }],
    })
  })

  test('another identity is another record: the key holds the one committed first', () => {
    const rules = rulesWith({ identity })
    const stamps = stampsWith({ at: 3000 }, { at: 2000 })
    expect(merge({ ours, theirs: stranger, rules, stamps })).toEqual({
      kind: 'collision',
      kept: stranger,
      moved: ours,
      keptSide: 'theirs',
      added: { ours: { text: ours, writer: stamps.ours }, theirs: { text: stranger, writer: stamps.theirs } },
      decision: {
        collection: 'traders',
        key: '[1]',
        field: undefined,
        kind: 'key-collision',
        base: undefined,
        ours,
        theirs: stranger,
        chosen: stranger,
        rule: 'first-committed',
      },
    })
  })

  test('at the same moment the smaller record bytes keep the key, whichever side they are on', () => {
    const rules = rulesWith({ serialKey: true })
    expect(merge({ ours, theirs, rules })).toMatchObject({ kind: 'collision', kept: ours, keptSide: 'ours' })
    expect(merge({ ours: theirs, theirs: ours, rules })).toMatchObject({
      kind: 'collision',
      kept: ours,
      keptSide: 'theirs',
    })
  })

  test('without identity a number both databases hand out means two records, any other key is the identity', () => {
    expect(merge({ ours, theirs, rules: rulesWith({ serialKey: true }) }).kind).toBe('collision')
    expect(merge({ ours, theirs, rules: rulesWith() }).kind).toBe('merged')
  })

  test('identity fields that neither record has decide nothing', () => {
    const rules = rulesWith({ identity: ['email'] })
    expect(merge({ ours, theirs, rules }).kind).toBe('merged')
    expect(merge({ ours, theirs, rules: { ...rules, serialKey: true } }).kind).toBe('collision')
  })

  test('at a join a key is always the identity', () => {
    expect(merge({ ours, theirs: stranger, rules: rulesWith({ serialKey: true, identity }), join: true }).kind).toBe(
      'merged',
    )
  })
})
