/** Collections that nobody has to declare: a database of documents makes one when the first is written, so the tool makes those that came with HEAD, with their unique keys, unasked. */
import { readHeadExports } from '../exports/committed.ts'
import type { Source } from '../source/source.ts'
import { planUndeclared } from './plan-additions.ts'
import { withStructure } from './with-additions.ts'

/**
 * The source with the collections of `head` that it never had, which are made together with its next write. The source itself where its engine has declared tables, or where nothing
 * is missing. A collection that has a sync point was dropped here, and stays held. @throws DamagedError
 */
export async function withUndeclared(source: Source, head: string | undefined): Promise<Source> {
  if (source.adapter.capabilities.declaredFields || head === undefined) return source
  const { changes } = await planUndeclared(source, await readHeadExports(source, head))
  return changes.length === 0 ? source : withStructure(source, changes)
}
