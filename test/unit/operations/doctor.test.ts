/** Versions that `tandem doctor` judges; everything else it looks at is in test/e2e/doctor.test.ts. */
import { expect, test } from 'vitest'
import { checkNode, isAtLeast } from '../../../src/operations/doctor/machine.ts'

test.each([
  ['git version 2.31.0', true],
  ['git version 2.39.5 (Apple Git-154)', true],
  ['git version 3.0.0', true],
  ['git version 2.30.9', false],
  ['git version 1.99.0', false],
  ['git version 2.4', false],
  ['no version at all', false],
])('%s is new enough for git: %s', (text, expected) => {
  expect(isAtLeast(text, [2, 31])).toBe(expected)
})

test('Node.js from 20.19 on will do', () => {
  expect(checkNode('20.19.0').status).toBe('ok')
  expect(checkNode('26.1.0').status).toBe('ok')
  expect(checkNode('20.18.3')).toMatchObject({ status: 'fail', hint: 'Install Node.js 20.19 or newer.' })
})
