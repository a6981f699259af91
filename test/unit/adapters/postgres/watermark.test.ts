import { expect, test } from 'vitest'
import { ageCondition } from '../../../../src/adapters/postgres/watermark.ts'

const at = (xid: bigint): Parameters<typeof ageCondition>[0] => ({ xid: String(xid), cluster: 'c', structure: 's' })

const ROUND = 2n ** 32n

test('a number is compared within its epoch, as the rows have it', () => {
  expect(ageCondition(at(5n * ROUND + 1000n), at(5n * ROUND + 2000n))).toContain(`'1000'::xid`)
})

test('numbers that belong to no transaction are replaced by an older one', () => {
  for (const special of [0n, 1n, 2n])
    expect(ageCondition(at(ROUND + special), at(ROUND + 100n))).toContain(`'4294967295'::xid`)
})

test('half a round on, older and newer can no longer be told apart', () => {
  expect(ageCondition(at(1000n), at(1000n + 2n ** 31n - 1_000_001n))).toBeDefined()
  expect(ageCondition(at(1000n), at(1000n + 2n ** 31n))).toBeUndefined()
  expect(ageCondition(at(1000n), at(999n))).toBeUndefined()
})
