/** A URL that cannot be meant is refused before anything is asked of it: no message may hold a part of a password. */
import { expect, test } from 'vitest'
import { openDatabase } from '../../../../src/adapters/postgres/connect.ts'

test.each([
  'postgres://app:p@ss/w#rd@127.0.0.1:1/shop',
  'postgres://app:12/w0rd@127.0.0.1:1/shop',
  'postgres://app:12#w0rd@127.0.0.1:1/shop',
])('%s', async (url) => {
  const error = await openDatabase(url, { source: 'app', root: '/', connectTimeoutMs: 500 }).then(
    () => undefined,
    (refusal: unknown) => refusal as Error,
  )
  expect(error?.message).toBe('source app: the PostgreSQL URL is not valid')
})
