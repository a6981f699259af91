/** One configured database, opened: its adapter, which of its collections take part and how, and where their exports are. */
import type { Adapter, ConnectOptions, Description, LeftOut } from '../adapters/adapter.ts'
import { openAdapter } from '../adapters/open.ts'
import type { SourceConfig } from '../config/config.ts'
import { checkFolders, folderName } from '../config/folder.ts'
import { optionsFor, selectCollections } from '../config/match.ts'
import { checkInsideWorkTree } from '../config/place.ts'
import { rulesFor, selectionFor } from '../config/rules.ts'
import { sourceUrl } from '../config/source-url.ts'
import { sqliteFile } from '../config/sqlite-file.ts'
import { engineOf } from '../config/written-url.ts'
import type { Repository } from '../git/repository.ts'
import type { Selection } from '../model/collection.ts'
import type { MergeRules } from '../model/rules.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { withoutUnfit } from './unfit.ts'
import { type RememberingAdapter, rememberingState } from './remembered-state.ts'

/** Where the exports of a source are. */
export interface ExportsPlace {
  readonly repository: Repository
  /** The folder from the repository's root, for example `exports`. */
  readonly exportsFolder: string
  readonly source: string
}

const HOOK_CONNECT_MS = 2_000

const COMMAND_CONNECT_MS = 10_000

export interface Source extends ExportsPlace {
  readonly config: SourceConfig
  readonly adapter: Adapter
  /** Makes the next read of the tool's state ask the database again. Otherwise it is read once in a run and remembered. */
  readonly forgetState: () => void
  readonly description: Description
  /** The collections that take part, by name. Each has a key. */
  readonly selections: ReadonlyMap<string, Selection>
  readonly leftOut: readonly LeftOut[]
  rules(collection: string): MergeRules
  /** The folder of a collection's files, for example `exports/app/traders`. */
  folder(collection: string): string
  /** Shows the progress of reading or writing many records. */
  readonly progress: (text: string) => void
}

/**
 * Connects to a source and reads its structure.
 * @param missing what to do when an SQLite file does not exist
 * @throws UnreachableError when the database does not answer; UsageError when the URL or the configuration does not fit it
 */
export async function openSource(
  workspace: Workspace,
  config: SourceConfig,
  missing?: ConnectOptions['missing'],
): Promise<Source> {
  const { url, from } = sourceUrl(config, workspace.lookups)
  // a path from the committed configuration may not leave the work tree through a link; a path from the environment is the user's own choice
  const { root } = workspace.repository
  const file = engineOf(url) === 'sqlite' ? sqliteFile(url, root) : undefined
  if (from === 'file' && file !== undefined) await checkInsideWorkTree(root, file)
  const adapter = await openAdapter(file === undefined ? url : `sqlite:${file}`, {
    connectTimeoutMs: workspace.invocation.inHook ? HOOK_CONNECT_MS : COMMAND_CONNECT_MS,
    source: config.name,
    root,
    ...(missing !== undefined && { missing }),
  })
  try {
    return sourceOf(workspace, config, { adapter: rememberingState(adapter), description: await adapter.describe() })
  } catch (error) {
    await adapter.close()
    throw error
  }
}

function sourceOf(
  workspace: Workspace,
  config: SourceConfig,
  opened: { readonly adapter: RememberingAdapter; readonly description: Description },
): Source {
  const { description } = opened
  const names = description.collections.map((schema) => schema.name)
  const { included, leftOut } = selectCollections(config, names)
  const chosen = description.collections.filter((schema) => included.includes(schema.name))
  const selected = new Map(chosen.map((schema) => [schema.name, selectionFor(config, schema)]))
  const { selections, unfit } = withoutUnfit(config.name, selected, description.leftOut)
  const exportsFolder = workspace.config.exports
  const folderOf = (name: string): string => folderName(name, optionsFor(config, name).folder)
  checkFolders(
    config.name,
    included.map((collection) => ({ collection, folder: folderOf(collection) })),
  )
  return {
    ...opened,
    forgetState: () => opened.adapter.forgetState(),
    config,
    repository: workspace.repository,
    exportsFolder,
    source: config.name,
    selections,
    leftOut: [...description.leftOut, ...leftOut, ...unfit],
    progress: workspace.invocation.progress,
    rules: (collection) => rulesFor(config, (selections.get(collection) as Selection).schema),
    folder: (collection) => `${exportsFolder}/${config.name}/${folderOf(collection)}`,
  }
}
