/** Asks, before a database is exported for the first time, what becomes of fields that stay at home although every record needs them, and writes the answer into the configuration. */
import type { SourceConfig } from '../../config/config.ts'
import { ownOptions } from '../../config/match.ts'
import { readCommitted } from '../../exports/committed.ts'
import { readHead } from '../../git/head.ts'
import { type HomeFields, homeFields } from '../../source/home-fields.ts'
import { openSource } from '../../source/source.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type ConfigEdit, editConfig } from './write-config.ts'

/** `carry` exports the fields, `fill` gives records that arrive a placeholder, `exclude` leaves the table out; undefined: nobody answers, and the collection is held. */
export type HomeChoice = (source: string, fields: HomeFields) => Promise<'carry' | 'fill' | 'exclude' | undefined>

/** Asks about each collection that HEAD does not have, and says what was written. */
export async function settleHome(workspace: Workspace, choose: HomeChoice): Promise<string[]> {
  const done: string[] = []
  for (const config of workspace.config.sources)
    for (const fields of await openQuestions(workspace, config)) {
      const choice = await choose(config.name, fields)
      if (choice === undefined) continue
      await editConfig(workspace.repository, config.name, editFor(config, fields, choice))
      done.push(`wrote what becomes of ${fields.collection} into the configuration: commit it`)
    }
  return done
}

/** Where a machine has exported the collection before, it was decided there. */
async function openQuestions(workspace: Workspace, config: SourceConfig): Promise<readonly HomeFields[]> {
  const source = await openSource(workspace, config)
  try {
    const { commit } = await readHead(workspace.repository)
    const committed = await readCommitted(source, commit)
    return homeFields(source).filter(({ collection }) => !committed.has(collection))
  } finally {
    await source.adapter.close()
  }
}

function editFor(config: SourceConfig, fields: HomeFields, choice: 'carry' | 'fill' | 'exclude'): ConfigEdit {
  const { collection, carry, fill, exclude } = fields
  if (choice === 'exclude') return { exclude }
  return { collection, options: { ...ownOptions(config, collection), ...(choice === 'carry' ? carry : fill) } }
}
