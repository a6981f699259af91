/** What a hook says when a source failed must say what became of the data. */
import { expect, test } from 'vitest'
import { GuardError, LockedError, TandemError, UndoneError, UnreachableError } from '../../../src/model/errors.ts'
import { failureLines } from '../../../src/operations/hooks/failure-lines.ts'

test('counts that differ are noticed after the commit, so the line does not say that nothing was applied', () => {
  const error = new TandemError({ code: 'counts', exitCode: 1 }, 'planned +1, reported +2', { hint: 'look' })
  const [line] = failureLines([{ source: 'app', error }], 'apply')
  expect(line).toContain('the changes are in the database')
  expect(line).not.toContain('nothing was applied')
})

test('every other failure left the database as it was', () => {
  const [line] = failureLines([{ source: 'app', error: new UndoneError('refused') }], 'apply')
  expect(line).toContain('nothing was applied')
})

test.each([
  [new GuardError('clock', { hint: 'Correct it.' }), 'source app: clock; nothing was applied (Correct it.)'],
  [new GuardError('source app: clock'), 'source app: clock; nothing was applied (tandem apply)'],
  [new GuardError('source app goes elsewhere'), 'source app goes elsewhere; nothing was applied (tandem apply)'],
  [new GuardError('source apple: pie'), 'source app: source apple: pie; nothing was applied (tandem apply)'],
  [
    new LockedError('source app: records changed'),
    'source app is busy: records changed; nothing was applied, the next hook catches up',
  ],
  [
    new UnreachableError('down', { hint: 'Start it.' }),
    'source app: down; nothing was applied (Start it; the next hook tries again, or: tandem apply)',
  ],
  [new UnreachableError('down'), 'source app: down; nothing was applied (the next hook tries again, or: tandem apply)'],
  [
    new UndoneError('source app: refused: out of range; nothing was changed', { hint: 'Look.' }),
    'source app: refused: out of range; nothing was applied (Look.)',
  ],
])('%s', (error, line) => {
  expect(failureLines([{ source: 'app', error }], 'apply')).toEqual([line])
})
