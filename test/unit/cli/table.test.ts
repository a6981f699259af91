/** Columns for the terminal. */
import { expect, test } from 'vitest'
import { tableLines } from '../../../src/cli/table.ts'

test('columns are as wide as their widest cell, and no line ends in blanks', () => {
  const lines = tableLines(
    [
      ['name', 'records', 'note'],
      ['traders', '7', ''],
      ['a', '1234', 'held'],
    ],
    ['left', 'right', 'left'],
  )
  expect(lines).toEqual(['name     records  note', 'traders        7', 'a           1234  held'])
})

test('a name cannot move the cursor, nor the columns after it', () => {
  const [first, second] = tableLines(
    [
      ['\u001b[2Jx', '1'],
      ['plain', '2'],
    ],
    ['left', 'left'],
  )
  expect(first).toBe('\\u{1b}[2Jx  1')
  expect(second).toBe('plain       2')
})
