/** When the program expects that git's text merge of a records file meets a conflict. */
import { describe, expect, test } from 'vitest'
import { foretellTextMerge } from '../../../../src/operations/merge-driver/text-conflict.ts'

const text = (...lines: string[]): string => ['header', ...lines, ''].join('\n')
const BASE = text('1', '2', '3', '4', '5')

describe('a conflict is expected', () => {
  test.each([
    ['where both changed one line', text('1', '2 ours', '3', '4', '5'), text('1', '2 theirs', '3', '4', '5')],
    ['where they changed lines that touch', text('1', '2 ours', '3', '4', '5'), text('1', '2', '3 theirs', '4', '5')],
    [
      'where both added at one place',
      text('1', '1 ours', '2', '3', '4', '5'),
      text('1', '1 theirs', '2', '3', '4', '5'),
    ],
    ['where one deleted what the other changed', text('1', '3', '4', '5'), text('1', '2 theirs', '3', '4', '5')],
    ['where the headers differ', BASE.replace('header', 'other'), BASE],
  ])('%s', (_, ours, theirs) => {
    expect(foretellTextMerge({ base: BASE, ours, theirs })).toBe('conflict')
    expect(foretellTextMerge({ base: BASE, ours: theirs, theirs: ours })).toBe('conflict')
  })

  test('where both added the file, but not when they added the same', () => {
    expect(foretellTextMerge({ base: '', ours: text('1'), theirs: text('2') })).toBe('conflict')
    expect(foretellTextMerge({ base: '', ours: text('1'), theirs: text('1') })).toBe('clean')
  })

  test('where the header of the base is another one', () => {
    expect(foretellTextMerge({ base: 'old\n1\n', ours: text('1'), theirs: text('1', '2') })).toBe('conflict')
  })
})

test('nothing is foretold where lines are not in the order of the base, or repeat', () => {
  const ours = text('2', '1', '3', '4', '5')
  const theirs = text('1', '2', '3', '4', '5 theirs')
  expect(foretellTextMerge({ base: BASE, ours, theirs })).toBe('unknown')
  expect(foretellTextMerge({ base: text('1', '1'), ours: text('1'), theirs: text('2') })).toBe('unknown')
})

describe('no conflict is expected', () => {
  test.each([
    [
      'where a line stands between the changes',
      text('1', '2 ours', '3', '4', '5'),
      text('1', '2', '3', '4 theirs', '5'),
    ],
    ['where both made the same change', text('1', '2 new', '3', '4', '5'), text('1', '2 new', '3', '4', '5 theirs')],
    ['where one side changed nothing', BASE, text('1 theirs', '2', '4', '5', '6')],
  ])('%s', (_, ours, theirs) => {
    expect(foretellTextMerge({ base: BASE, ours, theirs })).toBe('clean')
    expect(foretellTextMerge({ base: BASE, ours: theirs, theirs: ours })).toBe('clean')
  })
})
