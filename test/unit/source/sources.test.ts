/** What the operating system refuses is told by the file that a person knows. */
import { expect, test } from 'vitest'
import { asTandemError } from '../../../src/source/sources.ts'

test('a file that may not be replaced is named, not the temporary one that was to take its place', () => {
  const paths = { code: 'EACCES', path: '/r/.git/tandem/file-1', dest: '/r/exports/app/t/records.jsonl' }
  expect(asTandemError(Object.assign(new Error('no'), paths)).message).toBe(
    '/r/exports/app/t/records.jsonl: permission denied',
  )
})
