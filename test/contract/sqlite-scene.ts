/** What SQLite's own tests share: a file in rollback-journal mode (the default) with an adapter on it, and short forms of plans. */
import type { Adapter } from '../../src/adapters/adapter.ts'
import { keyOf, splitObject } from '../../src/model/canonical.ts'
import type { ApplyOutcome, Change } from '../../src/model/change.ts'
import type { Selection } from '../../src/model/collection.ts'
import { createSqlite, type SqliteFile } from '../support/sqlite.ts'
import { planOf, recordsOf, selectionOf } from './scene.ts'
import { openSqlite } from './sqlite-fixture.ts'

export interface Scene {
  readonly file: SqliteFile
  readonly adapter: Adapter
}

/** A test's own database; `pragmas` run before the first table is made. */
export async function withFile(
  setup: readonly string[],
  body: (scene: Scene) => Promise<void>,
  pragmas: readonly string[] = [],
): Promise<void> {
  const file = createSqlite(pragmas)
  try {
    file.run(setup)
    await body({ file, adapter: await openSqlite(file.path) })
  } finally {
    file.remove()
  }
}

export async function records(adapter: Adapter, collection: string): Promise<readonly string[]> {
  return recordsOf(adapter, await selectionOf(adapter, collection))
}

/** Changes of one collection, each `[before, after]`. */
export function changesOf(
  selection: Selection,
  pairs: readonly (readonly [string | undefined, string | undefined])[],
): Change[] {
  return pairs.map(([before, after]) => ({
    key: keyOf(splitObject(before ?? after ?? '{}'), selection.schema.key),
    before,
    after,
  }))
}

export async function apply(
  adapter: Adapter,
  collection: string,
  pairs: readonly (readonly [string | undefined, string | undefined])[],
): Promise<ApplyOutcome> {
  const selection = await selectionOf(adapter, collection)
  return adapter.apply(planOf(selection, changesOf(selection, pairs)))
}

export const thrown = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => undefined).catch((error: unknown) => error)
