/** One configured database, opened: its adapter, which of its collections take part and how, and where their exports are. */
import { openAdapter } from '../adapters/open.ts'
import type { Adapter, ConnectOptions, Description, LeftOut } from '../adapters/adapter.ts'
import type { SourceConfig } from '../config/config.ts'
import { checkFolders, folderName } from '../config/folder.ts'
import { checkInsideWorkTree } from '../config/place.ts'
import { sourceUrl } from '../config/source-url.ts'
import { optionsFor, selectCollections } from '../config/match.ts'
import { rulesFor, selectionFor } from '../config/rules.ts'
import type { Selection } from '../model/collection.ts'
import type { MergeRules } from '../model/rules.ts'
import type { ExportsPlace } from './committed.ts'
import type { Workspace } from './workspace.ts'

const HOOK_CONNECT_MS = 2_000
const COMMAND_CONNECT_MS = 10_000

export interface Source extends ExportsPlace {
  readonly config: SourceConfig
  readonly adapter: Adapter
  readonly description: Description
  /** By name; those without a key included (with an empty one). */
  readonly selections: ReadonlyMap<string, Selection>
  readonly leftOut: readonly LeftOut[]
  rules(collection: string): MergeRules
  /** `exports/app/traders` */
  folder(collection: string): string
  /** For whoever reads or writes for long. */
  readonly progress: (text: string) => void
}

/**
 * Connects to a source and looks at what is there. `missing`: what to do where an SQLite file is not.
 * @throws UnreachableError, UsageError
 */
export async function openSource(
  workspace: Workspace,
  config: SourceConfig,
  missing?: ConnectOptions['missing'],
): Promise<Source> {
  const { url, from } = sourceUrl(config, workspace.lookups)
  // a committed path may not lead out of the work tree by a link; one from the environment is the user's own
  if (from === 'file' && url.startsWith('sqlite:'))
    await checkInsideWorkTree(workspace.repository.root, url.slice('sqlite:'.length))
  const adapter = await openAdapter(url, {
    connectTimeoutMs: workspace.invocation.inHook ? HOOK_CONNECT_MS : COMMAND_CONNECT_MS,
    source: config.name,
    root: workspace.repository.root,
    ...(missing !== undefined && { missing }),
  })
  try {
    return sourceOf(workspace, config, { adapter, description: await adapter.describe() })
  } catch (error) {
    await adapter.close()
    throw error
  }
}

function sourceOf(
  workspace: Workspace,
  config: SourceConfig,
  opened: { readonly adapter: Adapter; readonly description: Description },
): Source {
  const { description } = opened
  const names = description.collections.map((schema) => schema.name)
  const { included, leftOut } = selectCollections(config, names)
  const chosen = description.collections.filter((schema) => included.includes(schema.name))
  const selections = new Map(chosen.map((schema) => [schema.name, selectionFor(config, schema)]))
  const exportsFolder = workspace.config.exports
  const folderOf = (name: string): string => folderName(name, optionsFor(config, name).folder)
  checkFolders(
    config.name,
    included.map((collection) => ({ collection, folder: folderOf(collection) })),
  )
  return {
    ...opened,
    config,
    repository: workspace.repository,
    exportsFolder,
    source: config.name,
    selections,
    leftOut: [...description.leftOut, ...leftOut],
    progress: workspace.invocation.progress,
    rules: (collection) => rulesFor(config, (selections.get(collection) as Selection).schema),
    folder: (collection) => `${exportsFolder}/${config.name}/${folderOf(collection)}`,
  }
}
