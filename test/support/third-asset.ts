/** A third machine beside the two of `two-assets.ts`: one more clone with a database of its own, joined by `tandem init`. */
import path from 'node:path'
import { assetAt, type Asset } from './asset.ts'
import type { Engine } from './live-database.ts'
import type { TwoAssets } from './two-assets.ts'

/** Clones the remote, makes the tables and joins. The caller drops the database. */
export async function thirdAsset(assets: TwoAssets, engine: Engine, tables: readonly string[]): Promise<Asset> {
  const { a, folder, remote } = assets
  const root = path.join(folder, 'c')
  await a.git('clone', '-q', remote, root)
  const c = assetAt('c', root, { database: await engine.create(root, 2), environment: a.environment })
  await c.database.run(...tables)
  await c.git('config', 'tandem.asset', 'c')
  if (engine.local) await c.write('.env', `APP_DATABASE_URL='${c.database.url}'\n`)
  const answer = await c.tandem('init', '--yes')
  if (answer.code !== 0) throw new Error(answer.text)
  return c
}
