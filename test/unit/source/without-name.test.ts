/** A line that begins with its source says the name once. */
import { expect, test } from 'vitest'
import { withoutName } from '../../../src/source/without-name.ts'

test.each([
  ['source app: it is down', 'it is down'],
  ['source apple: it is down', 'source apple: it is down'],
  ['source app is busy', 'source app is busy'],
  ['it is down', 'it is down'],
])('%s', (message, short) => {
  expect(withoutName('app', message)).toBe(short)
})
