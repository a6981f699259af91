/** Finds the merge rules for a records file: the configured ones of its collection, with the schema from the `collection.json` beside it. */
import path from 'node:path'
import { rulesFor } from '../config/rules.ts'
import { parseCollectionFile } from '../format/collection-file.ts'
import type { RecordsFile } from '../format/records-file.ts'
import type { Repository } from '../git/repository.ts'
import type { CollectionSchema } from '../model/collection.ts'
import type { MergeRules } from '../model/rules.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { plainRules } from './three-way.ts'

/** The configured rules of a file's collection. Plain rules (`plainRules`) when the configuration does not have its source, or the schema is not known. */
export function rulesOf(
  workspace: Workspace,
  header: RecordsFile['header'],
  schema: CollectionSchema | undefined,
): MergeRules {
  const source = workspace.config.sources.find(({ name }) => name === header.source)
  return source === undefined || schema === undefined ? plainRules(header) : rulesFor(source, schema)
}

/** The schema in the `collection.json` beside a records file, at a commit; undefined when the commit does not have one. @throws DamagedError when it is damaged */
export async function schemaBeside(
  repository: Repository,
  file: string,
  commit = 'HEAD',
): Promise<CollectionSchema | undefined> {
  const beside = `${path.posix.dirname(file)}/collection.json`
  const text = await repository.git(['cat-file', 'blob', `${commit}:${beside}`], { answers: [128] })
  return text === '' ? undefined : parseCollectionFile(text, beside).schema
}
