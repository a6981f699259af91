import { expect, test } from 'vitest'
import { durationMs, sizeBytes, sizeWords } from '../../../src/model/duration.ts'

test('durations are read in seconds to weeks, anything else is not read', () => {
  expect(['90s', '5m', '26h', '30d', '2w'].map(durationMs)).toEqual([
    90_000, 300_000, 93_600_000, 2_592_000_000, 1_209_600_000,
  ])
  expect(['', '5', 'm', '-5m', '5 m', '5M', '1.5h', '12345678d'].map(durationMs)).toEqual(
    Array.from({ length: 8 }, () => undefined),
  )
})

test('sizes are powers of 1024', () => {
  expect(['10B', '2KB', '1MB', '1GB'].map(sizeBytes)).toEqual([10, 2048, 1_048_576, 1_073_741_824])
  expect(['', '10', 'MB', '1mb', '1 GB'].map(sizeBytes)).toEqual(Array.from({ length: 5 }, () => undefined))
  expect([0, 1, 1023, 1024, 1536, 1_048_576, 350 * 1024 ** 3].map(sizeWords)).toEqual([
    '0 B',
    '1 B',
    '1023 B',
    '1.0 KB',
    '1.5 KB',
    '1.0 MB',
    '350 GB',
  ])
})
