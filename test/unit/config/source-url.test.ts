import { describe, expect, it } from 'vitest'
import { parseDotenv, sourceUrl, type Lookups } from '../../../src/config/source-url.ts'
import { source, usageError } from './support.ts'

function lookups(options: Partial<Lookups> = {}): Lookups {
  return { environment: {}, dotenv: new Map(), gitConfigUrl: () => undefined, ...options }
}
const url = (urlTemplate: string, options: Partial<Lookups> = {}) =>
  sourceUrl(source({ urlTemplate }), lookups(options))

describe('sourceUrl', () => {
  it.each<[title: string, template: string, options: Partial<Lookups>, expected: unknown]>([
    [
      'from the environment',
      '${DB}',
      { environment: { DB: 'postgres://u:p@h/d' }, dotenv: new Map([['DB', 'sqlite:x']]) },
      { url: 'postgres://u:p@h/d', from: 'environment', names: ['DB'] },
    ],
    [
      'from .env',
      '${DB}',
      { dotenv: new Map([['DB', 'sqlite:/any/x.db']]) },
      { url: 'sqlite:/any/x.db', from: 'environment', names: ['DB'] },
    ],
    [
      'from .env when the environment has it empty',
      '${DB}',
      { environment: { DB: '' }, dotenv: new Map([['DB', 'sqlite:x']]) },
      { url: 'sqlite:x', from: 'environment', names: ['DB'] },
    ],
    ['from its default', '${DB:-sqlite:dev.db}', {}, { url: 'sqlite:dev.db', from: 'file', names: ['DB'] }],
    [
      'from git config above all',
      '${DB}',
      { environment: { DB: 'sqlite:x' }, gitConfigUrl: (name) => (name === 'app' ? 'sqlite:/mine.db' : undefined) },
      { url: 'sqlite:/mine.db', from: 'git-config', names: [] },
    ],
    [
      'put together from several variables',
      'postgres://${B}:${A}@${HOST:-localhost}/d?schema=s',
      { environment: { A: 'p%40', B: 'u' } },
      { url: 'postgres://u:p%40@localhost/d?schema=s', from: 'file', names: ['A', 'B', 'HOST'] },
    ],
    [
      'without a password when its default is empty',
      'postgres://u:${P:-}@h/d',
      {},
      { url: 'postgres://u:@h/d', from: 'file', names: ['P'] },
    ],
    [
      'from the environment with any option of the driver',
      '${DB}',
      { environment: { DB: 'postgres://h/d?sslrootcert=/ca.pem' } },
      { url: 'postgres://h/d?sslrootcert=/ca.pem', from: 'environment', names: ['DB'] },
    ],
  ])('is taken %s', (_, template, options, expected) => {
    expect(url(template, options)).toEqual(expected)
  })

  it('names a variable that is not set, and where to put it', () => {
    const error = usageError(() => url('postgres://u:${APP_PASSWORD}@h/d'))
    expect(error.message).toBe('source app: the variable APP_PASSWORD is not set')
    expect(error.hint).toContain('.env')
  })

  it('does not take what objects inherit for a variable', () => {
    expect(usageError(() => url('${constructor}')).message).toContain('constructor is not set')
  })

  it('reads only variables that were approved in this clone', () => {
    const options = { environment: { DB: 'sqlite:x', AWS_KEY: 'k' }, approvedNames: ['DB'] }
    expect(url('${DB}', options).url).toBe('sqlite:x')
    const error = usageError(() => url('postgres://evil.example.org/${AWS_KEY}', options))
    expect(error.message).toBe('source app: the variable AWS_KEY is not approved in this clone')
    expect(error.hint).toContain('tandem init')
    expect(usageError(() => url('${NOT_SET:-sqlite:x}', options)).message).toContain('not approved')
  })

  it.each([
    ['../x.db', 'leaves the repository'],
    ['/etc/x.db', 'is not a path relative'],
    ['.git/config', 'is inside .git'],
  ])('keeps a path that is only in part a variable inside the work tree: %s', (path, problem) => {
    expect(usageError(() => url('sqlite:${DIR}', { environment: { DIR: path } })).message).toContain(problem)
  })

  it('refuses a value of no known kind without showing it', () => {
    const error = usageError(() => url('${DB}', { environment: { DB: 'mysql://u:hunter2@h/d' } }))
    expect(error.message).toBe('source app: its URL is of no kind that tandem knows')
    expect(error.hint).not.toContain('hunter2')
  })
})

describe('parseDotenv', () => {
  it('is a look-up table that leaves the environment alone', () => {
    const table = parseDotenv('# mine\nTANDEM_TEST_ONLY="a b"\nexport X=1\nURL=postgres://u:p#q@h/d\n')
    expect(table.get('TANDEM_TEST_ONLY')).toBe('a b')
    expect(table.get('X')).toBe('1')
    expect(process.env['TANDEM_TEST_ONLY']).toBeUndefined()
  })
})
