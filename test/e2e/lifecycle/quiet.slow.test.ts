/** Quiet: machines that hold equal data make no commits, however often they push, pull and sync, through one remote or from each other. */
import path from 'node:path'
import { expect, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import { assetAt, type Asset } from '../../support/asset.ts'
import { earn, TWENTY } from '../../support/earnings.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader } from '../../support/traders.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, TWENTY, work)

/** Every machine changes a record of its own, and the same one; then each adds one. */
async function changeAll(assets: readonly Asset[], round: number): Promise<void> {
  for (const [i, asset] of assets.entries()) {
    await earn(asset, i + 1, 1000 * round + i)
    await earn(asset, 10, 100 * round + i)
    await asset.database.insert('traders', [trader('id', 100 * round + i)])
  }
}

/** All commits of all machines. */
async function commitsOf(assets: readonly Asset[]): Promise<Set<string>> {
  const all = new Set<string>()
  for (const asset of assets)
    for (const id of (await asset.git('rev-list', 'HEAD')).stdout.split('\n')) if (id !== '') all.add(id)
  return all
}

/** Runs rounds until one made no commit; answers how many that took. */
async function roundsUntilQuiet(assets: readonly Asset[], round: () => Promise<void>): Promise<number> {
  for (let rounds = 1; rounds <= 5; rounds++) {
    const before = await commitsOf(assets)
    await round()
    if ((await commitsOf(assets)).size === before.size) return rounds
  }
  return Number.POSITIVE_INFINITY
}

/** A third machine: a's clone with a database of its own, joined. */
async function third({ a, folder }: TwoAssets): Promise<Asset> {
  const root = path.join(folder, 'c')
  await a.git('clone', '-q', path.join(folder, 'remote.git'), root)
  const database = await sqlite.create(root, 2)
  const c = assetAt('c', root, { database, environment: a.environment })
  await database.run(...sqlite.tables)
  await c.git('config', 'tandem.asset', 'c')
  expect((await c.tandem('init', '--yes')).code).toBe(0)
  return c
}

async function digests(assets: readonly Asset[]): Promise<Set<string>> {
  const found = await Promise.all(assets.map((asset) => asset.digest()))
  return new Set(found.flatMap(({ live, exports }) => [live, exports]))
}

test('two machines that sync through one remote are quiet as soon as they are equal', () =>
  between(async (assets) => {
    const both = [assets.a, assets.b]
    await changeAll(both, 1)
    const rounds = await roundsUntilQuiet(both, async () => {
      for (const asset of both) await asset.tandem('sync')
    })
    expect(rounds).toBeLessThanOrEqual(4)
    expect(await disagreements(assets)).toEqual([])
  }))

/** Three machines with a remote for each of the others instead of one in the middle. */
async function peers(assets: TwoAssets): Promise<Asset[]> {
  const all = [assets.a, assets.b, await third(assets)]
  for (const asset of all)
    for (const peer of all) if (peer !== asset) await asset.git('remote', 'add', '-f', peer.name, peer.root)
  await changeAll(all, 1)
  return all
}

test('three machines that pull from both others with git are quiet when all know all', () =>
  between(async (assets) => {
    const all = await peers(assets)
    for (const asset of all) await asset.tandem('export', '--commit')
    const rounds = await roundsUntilQuiet(all, async () => {
      for (const asset of all)
        for (const peer of all) if (peer !== asset) await asset.git('pull', '-q', '--no-edit', peer.name, 'main')
      for (const asset of all) await asset.tandem('export', '--commit')
    })
    expect(rounds).toBeLessThanOrEqual(4)
    expect(await digests(all)).toHaveProperty('size', 1)
  }))

test('three machines that sync in a ring, where git alone would make merge commits of the same content for ever, are quiet when all know all', () =>
  between(async (assets) => {
    const all = await peers(assets)
    for (const [i, asset] of all.entries()) await asset.git('branch', '-u', `${all[(i + 1) % 3]?.name}/main`)
    const rounds = await roundsUntilQuiet(all, async () => {
      for (const asset of all) expect((await asset.tandem('sync', '--no-push')).code).toBe(0)
    })
    expect(rounds).toBeLessThanOrEqual(5)
    expect(await digests(all)).toHaveProperty('size', 1)
  }))
