import { expect, test } from 'vitest'
import { failureKind, isDone, waitMs } from '../../../src/schedule/failure.ts'

test('waits double from the first on, each a quarter more or less', () => {
  expect([1, 2, 3, 4, 5].map((tries) => waitMs(1_000, tries, 0.5))).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
  expect([waitMs(1_000, 1, 0), waitMs(1_000, 1, 1)]).toEqual([750, 1_250])
})

test('a login that was refused, and a wrong configuration, are not hammered', () => {
  for (const message of [
    'source app: password authentication failed for user "bot"',
    'source app: Authentication failed.',
    'git fetch failed: Permission denied (publickey).',
    'git fetch failed: fatal: could not read Username for https://x: terminal prompts disabled',
  ])
    expect(failureKind(3, message)).toBe('refused')
  expect(failureKind(2, 'the variable X is not set')).toBe('refused')
  expect(failureKind(3, 'connect ECONNREFUSED 127.0.0.1:5432')).toBe('again')
  expect(failureKind(1, 'git could not merge by itself', 'conflict')).toBe('person')
  expect(failureKind(5, 'app/traders is held')).toBe('person')
})

test('that health found something is no failure of health; of sync it is one', () => {
  expect([
    isDone('health', 1),
    isDone('health', 3),
    isDone('mirror', 1),
    isDone('sync', 1),
    isDone('backup', 3),
  ]).toEqual([true, true, true, false, false])
})
