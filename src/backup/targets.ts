/** The databases of a configuration as backups see them. They may be lost, so nothing is connected to here. */
import { openDumps } from '../adapters/open-dumps.ts'
import type { SourceConfig } from '../config/config.ts'
import { checkInsideWorkTree } from '../config/place.ts'
import { sourceUrl } from '../config/source-url.ts'
import { sqliteFile } from '../config/sqlite-file.ts'
import { engineOf } from '../config/written-url.ts'
import { UsageError } from '../model/errors.ts'
import { checkApproval } from '../workspace/approval.ts'
import type { Invocation, Workspace } from '../workspace/workspace.ts'
import type { RestoreTarget } from './restore.ts'

/** The database of a configured source. @throws GuardError when it was not approved in this clone; UsageError when its URL does not work */
export async function targetOf(workspace: Workspace, config: SourceConfig): Promise<RestoreTarget> {
  await checkApproval(workspace, config)
  const { url: written, from } = sourceUrl(config, workspace.lookups)
  const { root } = workspace.repository
  const file = engineOf(written) === 'sqlite' ? sqliteFile(written, root) : undefined
  if (from === 'file' && file !== undefined) await checkInsideWorkTree(root, file)
  const url = file === undefined ? written : `sqlite:${file}`
  const { environment } = workspace.invocation
  const dumps = await openDumps(url, { source: config.name, root, environment })
  return { source: config.name, url, dumps, root }
}

/** The databases that a person names as `NAME=URL`. @throws UsageError */
export async function namedTargets(
  invocation: Invocation,
  words: readonly string[],
): Promise<readonly RestoreTarget[]> {
  return Promise.all(
    words.map(async (word) => {
      const [, source = '', written = ''] = /^([A-Za-z0-9_-]{1,64})=(.+)$/s.exec(word) ?? []
      if (engineOf(written) === undefined)
        throw new UsageError('--to: expected NAME=URL', { hint: 'For example: --to app=sqlite:/data/app.db' })
      const root = invocation.directory
      const url = engineOf(written) === 'sqlite' ? `sqlite:${sqliteFile(written, root)}` : written
      return { source, url, root, dumps: await openDumps(url, { source, root, environment: invocation.environment }) }
    }),
  )
}
