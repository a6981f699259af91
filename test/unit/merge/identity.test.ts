import { describe, expect, test } from 'vitest'
import { areTwoRecords, firstCommitted } from '../../../src/merge/identity.ts'
import { rulesWith, stampsWith } from './rules.ts'

describe('one key added on both sides', () => {
  const serial = rulesWith({ serialKey: true, derived: ['seen'] })

  test('names one record where the content is the same, derived fields apart', () => {
    expect(areTwoRecords({ ours: '{"id":1,"seen":1}', theirs: '{"id":1,"seen":2}' }, serial)).toBe(false)
    expect(areTwoRecords({ ours: '{"id":1,"x":1}', theirs: '{"id":1,"x":2}' }, serial)).toBe(true)
  })

  test('names two records where an identity field is there on one side only', () => {
    const rules = rulesWith({ identity: ['user', 'at'] })
    expect(areTwoRecords({ ours: '{"at":1,"user":7}', theirs: '{"at":1}' }, rules)).toBe(true)
    expect(areTwoRecords({ ours: '{"at":1,"x":1}', theirs: '{"at":1,"x":2}' }, rules)).toBe(false)
  })

  test('compares identity fields free of field order where that is kept', () => {
    const rules = rulesWith({ identity: ['who'], order: 'kept' })
    const [ours, theirs] = ['{"who":{"a":1,"b":2},"x":1}', '{"who":{"b":2,"a":1},"x":2}']
    expect(areTwoRecords({ ours, theirs }, rules)).toBe(false)
  })

  test('belongs to the record committed first', () => {
    const added = { ours: '{"x":2}', theirs: '{"x":1}' }
    expect(firstCommitted(added, stampsWith({ at: 2000 }, { at: 3000 }))).toBe('ours')
    expect(firstCommitted(added, stampsWith({ at: 3000 }, { at: 2000 }))).toBe('theirs')
    expect(firstCommitted(added, stampsWith())).toBe('theirs')
  })
})
