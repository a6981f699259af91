import { describe, expect, it } from 'vitest'
import { writtenUrl } from '../../../src/config/written-url.ts'
import { usageError } from './support.ts'

describe('a URL written in the configuration', () => {
  it.each([
    '${APP_DATABASE_URL}',
    '${APP_DATABASE_URL:-sqlite:data/dev.db}',
    '${APP_DATABASE_URL}?schema=app',
    '${SERVER}/orders?schema=app&sslmode=require',
    'sqlite:data/app.db',
    'sqlite:my data/app.db',
    'sqlite:${DB_FILE:-data/app.db}',
    'postgres://localhost/app',
    'postgresql://app@localhost:5432/app?schema=public,sales',
    'postgres://app:${PASSWORD}@db.example.org/app',
    'postgres://${USER}:${PASSWORD:-}@${HOST:-localhost:5432}/app?sslmode=${SSL:-verify-full}',
    'postgres://localhost/app?application_name=tandem&connect_timeout=5&sslmode=disable&uselibpqcompat=true',
    'postgres://localhost/app?${MORE_OPTIONS}',
    'mongodb://localhost:27017/app',
    'mongodb://app:${PASSWORD}@a:27017,b:27017/app?replicaSet=rs0&authSource=admin&retryWrites=true&w=majority&tls=true',
    'mongodb+srv://app:${PASSWORD}@cluster.example.org/app?directConnection=false&readPreference=primary',
  ])('may be %s', (url) => {
    expect(() => writtenUrl(url, 'url')).not.toThrow()
  })

  it.each([
    ['a password', 'postgres://app:hunter2@localhost/app'],
    ['a password beside a variable', 'postgres://app:${A}hunter2@localhost/app'],
    ['a password as a default', 'postgres://app:${A:-hunter2}@localhost/app'],
    ['user and password as a default', 'postgres://${A:-app:hunter2}@localhost/app'],
    ['a password in the default of the whole', '${A:-mongodb://app:hunter2@localhost/app}'],
    ['a password with an @', 'postgres://app:hun@ter2@localhost/app'],
    ['a password option', 'postgres://app@localhost/app?password=hunter2'],
    ['a password option, escaped', 'postgres://app@localhost/app?%70assword=hunter2'],
    ['a password option of a URL from a variable', '${A}?password=hunter2'],
    ['a key password', 'mongodb://localhost/app?tlsCertificateKeyFilePassword=hunter2'],
    ['a password with several hosts', 'mongodb://app:hunter2@a:1,b:2/app'],
  ])('may not hold %s', (_, url) => {
    const error = usageError(() => writtenUrl(url, 'c.json:4: sources.app.url'))
    expect(error.message).toBe('c.json:4: sources.app.url: a password is written in the file, and would be committed')
    expect(error.hint).toContain('.env')
    expect(error.hint).not.toContain('hunter2')
  })

  it.each([
    ['a slash in a password', 'postgres://app:hun/ter2@localhost/app', 'has an @ after the host'],
    ['a question mark in a password', 'postgres://app:hun?ter2@localhost/app', 'has an @ after the host'],
    ['a hash in a password', 'postgres://app:hun#ter2@localhost/app', 'has an @ after the host'],
    ['a fragment', 'postgres://localhost/app#x', 'has a #'],
    ['a space', 'postgres://localhost/my app', 'has a space'],
    ['another host', 'postgres://localhost/app?host=evil.example.org', 'the option "host" may not stand'],
    ['another host, escaped', 'postgres://localhost/app?h%6Fst=evil.example.org', 'the option "host" may not stand'],
    ['another host after a variable', '${A}?host=evil.example.org', 'the option "host" may not stand'],
    [
      'another host behind a default',
      '${A:-postgres://h/d?application_name=}?host=evil',
      'the default of ${A} holds one of',
    ],
    ['a port', 'postgres://localhost/app?port=1', 'the option "port" may not stand'],
    ['a file to read', 'postgres://localhost/app?sslrootcert=/etc/passwd', 'the option "sslrootcert" may not stand'],
    ['a file to read', 'mongodb://localhost/app?tlsCAFile=/etc/passwd', 'the option "tlsCAFile" may not stand'],
    [
      'a key file',
      'mongodb://localhost/app?tlsCertificateKeyFile=/x',
      'the option "tlsCertificateKeyFile" may not stand',
    ],
    ['a proxy', 'mongodb://localhost/app?proxyHost=evil', 'the option "proxyHost" may not stand'],
    ['settings of the session', 'postgres://localhost/app?options=-c%20x=y', 'the option "options" may not stand'],
    [
      'no checks of the certificate',
      'mongodb://localhost/app?tlsInsecure=true',
      'the option "tlsInsecure" may not stand',
    ],
    ['an option named by halves', 'postgres://localhost/app?ho${A}=evil', 'the option "ho${…}" may not stand'],
    ['an option of another engine', 'postgres://localhost/app?replicaSet=x', 'the option "replicaSet" may not stand'],
    [
      'an sslmode with a file',
      'postgres://localhost/app?sslmode=verify-ca',
      'the option "sslmode" may not be "verify-ca"',
    ],
    ['unconfirmed writes', 'mongodb://localhost/app?w=0', 'the option "w" may not be "0"'],
    ['reads from a secondary', 'mongodb://localhost/app?readPreference=secondary', 'may not be "secondary"'],
    ['a file outside', 'sqlite:../other/app.db', '"../other/app.db" leaves the repository'],
    ['an absolute file', 'sqlite:/var/lib/app.db', '"/var/lib/app.db" is not a path relative'],
    ['a file of git', 'sqlite:.git/index', '".git/index" is inside .git'],
    ['a database in memory', 'sqlite::memory:', '":memory:" is not a path relative'],
    ['a database elsewhere', 'sqlite:http://evil.example.org/x', 'is not a path relative'],
    ['a file outside as default', '${A:-sqlite:/etc/x}', '"/etc/x" is not a path relative'],
    ['no scheme', 'localhost/app', 'is no URL that tandem knows'],
    ['a scheme in capitals', 'SQLITE:data/link.db', 'is no URL that tandem knows'],
    ['another scheme', 'mysql://localhost/app', 'is no URL that tandem knows'],
    ['a scheme from a variable before a user', '${SCHEME}://u:hunter2@h/d', 'is no URL that tandem knows'],
    ['one slash', 'postgres:/localhost/app', 'is no full URL'],
    ['a placeholder that does not end', 'postgres://${HOST/app', 'has a placeholder that cannot be read'],
    ['a placeholder in a default', 'postgres://${A:-${B}}/app', 'has a placeholder that cannot be read'],
    ['a name that is none', '${1A}', 'has a placeholder that cannot be read'],
    ['a control character', 'sqlite:a\u001b[2K.db', 'has a control character'],
  ])('may not have %s: %s', (_, url, problem) => {
    const error = usageError(() => writtenUrl(url, 'url'))
    expect(error.message).toContain(problem)
    expect(error.hint).toBeTruthy()
    expect(error.message + error.hint).not.toMatch(/hunter2|ter2/)
  })

  it('names the nearest allowed option for a misspelt one', () => {
    expect(usageError(() => writtenUrl('postgres://h/d?shema=a', 'url')).hint).toContain('Did you mean "schema"?')
  })
})
