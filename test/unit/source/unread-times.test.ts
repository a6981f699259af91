import { expect, test } from 'vitest'
import { unreadTime } from '../../../src/source/unread-times.ts'
import { rulesWith } from '../merge/rules.ts'

const said = (value: string): string | undefined =>
  unreadTime([{ key: '[1]', text: `{"at":${value},"id":1}` }], rulesWith({ newest: 'at' }))

test.each(['"Fri, 02 Jan 2026 03:04:05 GMT"', '"2026-01-02 03:04:05 +0000 UTC"', '"20260102T030405Z"', '"soon"'])(
  'a time in a form that is not read is said: %s',
  (value) => {
    expect(said(value)).toContain(`.at is ${value}, in no form of time that tandem reads`)
  },
)

test.each(['{"$real":"2461042.62"}', '2461042.5'])('a Julian day is said: %s', (value) => {
  expect(said(value)).toContain('Julian day')
})

test.each([
  '"2026-01-02T03:04:05Z"',
  '1767323045',
  '{"$real":"1767323045.5"}',
  'null',
  '{"$date":{"$numberLong":"1"}}',
])('a time that is read is not: %s', (value) => {
  expect(said(value)).toBeUndefined()
})

test('once for a collection, and never without the rule', () => {
  const records = ['1', '2'].map((key) => ({ key: `[${key}]`, text: `{"at":"soon","id":${key}}` }))
  expect(unreadTime(records, rulesWith({ newest: 'at' }))).toContain('soon')
  expect(unreadTime(records, rulesWith())).toBeUndefined()
})
