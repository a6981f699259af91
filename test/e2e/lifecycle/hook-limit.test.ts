/** A hook that is not done in time: git goes on, and the rest is done in the background. */
import { expect, test } from 'vitest'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo } from '../../support/two-assets.ts'

test('a pull whose hook takes too long ends, says so, and what came in is applied in the background', async () => {
  await betweenTwo(sqlite, {}, async ({ a, b }) => {
    await a.database.insert('traders', [{ id: 'ann', username: 'Ann' }])
    await a.git('push', '-q')
    await b.git('config', 'tandem.hookSeconds', '0.001')
    const pulled = await b.try('pull')
    expect(pulled.code).toBe(0)
    expect(pulled.text).toContain('post-merge is not done after 0.001 s; it goes on in the background')
    expect((await b.tandem('apply')).code).toBe(0)
    expect(await b.database.rows('traders')).toMatchObject([{ id: 'ann' }])
  })
})

test('a push whose hook takes too long goes on without the data, which the next push carries', async () => {
  await betweenTwo(sqlite, {}, async ({ a }) => {
    await a.database.insert('traders', [{ id: 'ann', username: 'Ann' }])
    await a.commit('code.txt', 'two\n')
    await a.git('config', 'tandem.hookSeconds', '0.001')
    const pushed = await a.git('push')
    expect(pushed.text).toContain('pre-push is not done after 0.001 s; git goes on without the data')
    await a.git('config', '--unset', 'tandem.hookSeconds')
    await a.git('push')
    expect(await a.digest()).toMatchObject({ ok: true, records: 1 })
  })
})
