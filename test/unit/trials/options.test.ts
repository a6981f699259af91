/** The arguments of the commands that search: what is not understood runs nothing, so that a misspelt search is never taken for one that found nothing. */
import { describe, expect, test } from 'vitest'
import { askedFor, WHOLE } from '../../trials/options.ts'

const OPTIONS = {
  cycles: { value: 'N', words: 'how often', default: '200', form: WHOLE },
  kind: { value: 'KIND', words: 'only this one', among: ['kill', 'torn'], many: true },
  at: { value: 'POINT', words: 'only there', form: WHOLE },
  list: { words: 'print, run nothing' },
} as const

const HELP = [
  'npm run search -- [options]',
  '  --cycles N         how often (default 200)',
  '  --kind KIND        only this one: kill | torn (may be repeated)',
  '  --at POINT         only there',
  '  --list             print, run nothing',
].join('\n')

test('without arguments every option has its default, and a switch is off', () => {
  expect(askedFor('search', OPTIONS, [])).toEqual({ kind: 'run', values: { cycles: '200', list: false } })
})

test('values, repeated values and switches are read as they were given', () => {
  const args = ['--cycles', '7', '--kind', 'kill', '--kind=torn', '--at', '0', '--list']
  const values = { cycles: '7', kind: ['kill', 'torn'], at: '0', list: true }
  expect(askedFor('search', OPTIONS, args)).toEqual({ kind: 'run', values })
})

test('--help tells every option with its values and its default', () => {
  expect(askedFor('search', OPTIONS, ['--help'])).toEqual({ kind: 'help', words: HELP })
})

describe('is told, with the help behind it:', () => {
  test.each([
    ['an option that there is not', ['--cycle', '7'], '--cycle'],
    ['a value among others than those there are', ['--kind', 'torn', '--kind', 'kil'], '--kind kil: there is only'],
    ['a value of another form', ['--cycles', '1e3'], '--cycles 1e3: expected N'],
    ['an option without its value', ['--at'], '--at'],
    ['a word that belongs to no option', ['kill'], 'kill'],
  ])('%s', (_what, args, words) => {
    const asked = askedFor('search', OPTIONS, args)
    expect(asked.kind).toBe('wrong')
    expect(asked).toHaveProperty('words', expect.stringContaining(words))
    expect(asked).toHaveProperty('words', expect.stringContaining(`\n${HELP}`))
  })
})
