/** `tandem sync` where git is configured in ways that a pull by hand would stop at. */
import { expect, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import { key, profit, TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo } from '../../support/two-assets.ts'

test('pull.ff=only does not keep two machines that both wrote from being merged', () =>
  betweenTwo(sqlite, TWENTY, async ({ a, b }) => {
    await a.database.change('traders', key(1), { profit_usd: 11 })
    expect((await a.tandem('sync')).code).toBe(0)
    await b.git('config', 'pull.ff', 'only')
    await b.database.change('traders', key(2), { profit_usd: 22 })
    const sync = await b.tandem('sync')
    expect(sync.text).toContain('pushed to origin/main')
    await a.git('pull')
    expect([await profit(a, 1), await profit(a, 2)]).toEqual([11, 22])
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('git --glob-pathspecs push carries the data; git hook run pre-push says why it cannot', () =>
  betweenTwo(sqlite, TWENTY, async ({ a, b }) => {
    await a.database.change('traders', key(1), { profit_usd: 11 })
    const run = await a.try('hook', 'run', 'pre-push')
    expect(run.text).toContain('pre-push was started without a push')
    await a.git('--glob-pathspecs', 'push')
    expect(await a.id('refs/remotes/origin/main')).toBe(await a.id('HEAD'))
    await b.git('pull')
    expect(await profit(b, 1)).toBe(11)
  }))
