/** `tandem forget`: retires a collection or field that was dropped on purpose, which the guard holds otherwise. */
import { NO_CONSENT } from '../model/consent.ts'
import { readCommitted } from '../exports/committed.ts'
import { messageOf } from '../exports/data-message.ts'
import { bringAlong, buildTree, commitTree } from '../git/data-commit.ts'
import { filesAt } from '../git/objects/tree.ts'
import { UsageError } from '../model/errors.ts'
import { settledHead } from '../push/finish-push.ts'
import type { Only } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { withLockedSources } from '../source/sources.ts'
import { expectedEntries, noPointEntry, readSyncState } from '../source/sync-state.ts'
import { renamedCollections } from '../sync-point/renamed-collections.ts'
import { requireNoOperation } from '../workspace/carrying.ts'
import { forgetField } from '../workspace/forgotten.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface ForgetOptions {
  readonly only: Only
  readonly field: string | undefined
}

/**
 * Answers what was done, in words.
 * @throws UsageError when there is nothing to forget, or it still exists
 */
export async function forget(workspace: Workspace, options: ForgetOptions): Promise<string> {
  const { collection, source: name } = options.only
  if (collection === undefined) throw new UsageError('name a collection: tandem forget SOURCE/COLLECTION')
  return withLockedSources(workspace, options, {
    each: (source) =>
      options.field === undefined
        ? forgetCollection(workspace, source, collection)
        : forgetOneField(workspace, source, { collection, field: options.field }),
    after: async ([done], [failure]) => {
      if (failure !== undefined) throw failure.error
      return done ?? `nothing known of ${name}/${collection}`
    },
  })
}

async function forgetOneField(
  workspace: Workspace,
  source: Source,
  at: { readonly collection: string; readonly field: string },
): Promise<string> {
  const { collection, field } = at
  const fields = source.selections.get(collection)?.schema.fields ?? []
  if (fields.some(({ name }) => name === field))
    throw new UsageError(`${collection} still has the field ${field}`, { hint: 'Drop it in the database first.' })
  if (!workspace.invocation.dryRun) await forgetField(workspace, `${source.source}/${collection}`, field)
  return `the next export of ${source.source}/${collection} goes without ${field}`
}

async function forgetCollection(workspace: Workspace, source: Source, collection: string): Promise<string> {
  if (source.selections.has(collection))
    throw new UsageError(`${source.description.database} still has ${collection}`, {
      hint: `Drop it there, or exclude it (sources.${source.source}.exclude), then forget it.`,
    })
  const head = await settledHead(workspace)
  const committed = (await readCommitted(source, head.commit)).get(collection)
  if (workspace.invocation.dryRun) return `would retire ${source.source}/${collection}`
  if (committed !== undefined) await commitRemoval(workspace, head, committed.folder)
  const state = await source.adapter.readState()
  // a table that was renamed needs the point: its past is the former one's
  const renamed = await renamedCollections(source, readSyncState(state).points)
  if (![...renamed.values()].some(({ name }) => name === collection))
    await source.adapter.writeState(new Map([noPointEntry(collection)]), expectedEntries(state, [collection]))
  return `${source.source}/${collection} is retired; its records stay in git's history`
}

/** A data commit without the collection's folder; the other machine is told, and asked to do the same. */
async function commitRemoval(
  workspace: Workspace,
  head: { readonly commit: string; readonly ref: string },
  folder: string,
): Promise<void> {
  await requireNoOperation(workspace)
  const { repository } = workspace
  const files = [...(await filesAt(repository, head.commit, folder)).keys()]
  const writes = new Map(files.map((file) => [file, undefined]))
  const built = await buildTree(repository, head.commit, writes)
  const summary = `forget ${folder}`
  const message = await messageOf(workspace, { consent: NO_CONSENT, parent: head.commit, summary })
  const commit = await commitTree(repository, built.tree, { parents: [head.commit], message })
  await bringAlong(repository, { ...built, commit }, { ref: head.ref, from: head.commit })
}
