/** The rules by which `tandem merge-file` merges: those configured for the collection that the files name, where there is a configuration. */
import path from 'node:path'
import type { SourceConfig } from '../../config/config.ts'
import { folderName } from '../../config/folder.ts'
import { CONFIG_FILE } from '../../config/load.ts'
import { optionsFor } from '../../config/match.ts'
import { rulesFor } from '../../config/rules.ts'
import { schemaBeside } from '../../conflicts/rules.ts'
import { plainRules } from '../../conflicts/three-way.ts'
import type { RecordsFile } from '../../format/records-file.ts'
import { openRepository } from '../../git/repository.ts'
import { exists } from '../../io/exists.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { MergeRules } from '../../model/rules.ts'
import { parseOnly } from '../../source/only.ts'
import { type Invocation, type Workspace, workspaceOf } from '../../workspace/workspace.ts'

/** As configured where there is a configuration, else: the key is the identity, and nothing else is known. @throws UsageError when `collection` needs a configuration that is not there, or has another key */
export async function rulesOfFile(
  invocation: Invocation,
  header: RecordsFile['header'],
  collection: string | undefined,
): Promise<MergeRules> {
  const workspace = await workspaceIfAny(invocation)
  const named = collection === undefined ? undefined : placeOf(workspace, header, collection)
  const source = workspace?.config.sources.find(({ name }) => name === (named?.source ?? header.source))
  if (workspace === undefined || source === undefined) return plainRules(header)
  const name = named?.collection ?? header.collection
  const schema = (await schemaAtHead(workspace, source, name)) ?? schemaFrom(header, name)
  if (schema.key.join('\0') !== header.key.join('\0') || schema.order !== header.order)
    throw new UsageError(`${source.name}/${name} has another key than the files: ${schema.key.join(', ')}`)
  return rulesFor(source, schema)
}

/** The workspace around the directory; undefined where there is no repository or no configuration. An invalid configuration is an error: its rules would be missed silently. */
async function workspaceIfAny(invocation: Invocation): Promise<Workspace | undefined> {
  const repository = await openRepository(invocation.directory, invocation.environment).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined
    throw error
  })
  if (repository === undefined || !(await exists(path.join(repository.root, CONFIG_FILE)))) return undefined
  return workspaceOf(invocation, repository)
}

function placeOf(
  workspace: Workspace | undefined,
  header: RecordsFile['header'],
  text: string,
): { readonly source: string; readonly collection: string } {
  const sources = workspace?.config.sources.map(({ name }) => name) ?? []
  const [first, rest] = [parseOnly(text)?.source ?? '', parseOnly(text)?.collection]
  if (rest !== undefined && sources.includes(first)) return { source: first, collection: rest }
  if (sources.includes(header.source)) return { source: header.source, collection: text }
  throw new UsageError(`--collection ${text}: no configuration here has source ${header.source}`, {
    hint: 'Start it in the repository (-C DIR) whose tandem.config.json has the rules, or leave --collection out.',
  })
}

async function schemaAtHead(
  workspace: Workspace,
  source: SourceConfig,
  name: string,
): Promise<CollectionSchema | undefined> {
  const folder = folderName(name, optionsFor(source, name).folder)
  return schemaBeside(workspace.repository, `${workspace.config.exports}/${source.name}/${folder}/records.jsonl`)
}

/** Nothing but what the files themselves say. */
function schemaFrom({ key, order }: RecordsFile['header'], name: string): CollectionSchema {
  return { name, key, order, fields: [], uniques: [], references: [] }
}
