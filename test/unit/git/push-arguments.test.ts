/** The arguments of `git push` as people write them. */
import { expect, test } from 'vitest'
import { readPushArguments, sendingOptions } from '../../../src/git/push-arguments.ts'

const read = (line: string): ReturnType<typeof readPushArguments> => readPushArguments(line.split(' '))

test.each([
  'git push --dry-run',
  'git push -n',
  'git push -nf origin main',
  'git push -fn',
  'git push --dry',
  'git push --dry-r origin',
  'git -c a=b push -o ci.skip -n',
  'git push -un origin main',
])('%s is a dry run', (line) => expect(read(line).isDryRun).toBe(true))

test.each([
  'git push',
  'git push -onotify',
  'git push -o n',
  'git push -o -n',
  'git push --push-option -n',
  'git push --no-verify origin main',
  'git push --repo -n',
  'git push -f -onotify=n origin',
  'git push --dry-run --no-dry-run',
  'git push origin -- -n',
  'git -n',
  'git p -n',
])('%s is none', (line) => expect(read(line).isDryRun).toBe(false))

test('push options are found in every form', () => {
  expect(read('git push -o a -ob --push-option c --push-option=d -fo e -fof').options).toEqual([
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
  ])
  expect(read('git push origin main').options).toEqual([])
})

test('few files are sent as differences, many as they are', () => {
  expect(sendingOptions(200)).toEqual([])
  expect(sendingOptions(20_000)).toEqual(['-c', 'pack.window=0'])
})
