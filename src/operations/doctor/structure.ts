/** What `tandem doctor` says of the structure: how live's differs from the one in HEAD's exports, collection by collection, and what would make them equal. */
import { type CommittedCollection, readCommitted } from '../../exports/committed.ts'
import { readHead } from '../../git/head.ts'
import type { Selection } from '../../model/collection.ts'
import { TandemError } from '../../model/errors.ts'
import { differenceOf, driftOf, driftReason } from '../../schema/drift.ts'
import { missingReason } from '../../source/holds.ts'
import type { Source } from '../../source/source.ts'
import { changedCollections } from '../../sync-point/changed-collections.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type Check, failedBy, ok, warn } from './check.ts'

/** One check: every difference in words, those of this machine's own migrations too, which the next push carries. */
export async function checkDrift(workspace: Workspace, source: Source): Promise<Check> {
  const name = `${source.source}: structure`
  try {
    const { held, own } = await differences(workspace, source)
    if (held.length > 0)
      return warn(name, [...held, ...own].join('; '), 'Nothing of these is exported or applied until then.')
    return ok(name, own.length > 0 ? own.join('; ') : "the same as in HEAD's exports")
  } catch (error) {
    if (error instanceof TandemError) return failedBy(name, error)
    throw error
  }
}

async function differences(workspace: Workspace, source: Source): Promise<Record<'held' | 'own', string[]>> {
  const { commit } = await readHead(workspace.repository)
  const found = { held: [] as string[], own: [] as string[] }
  if (commit === undefined) return found
  const moved = await changedCollections(source, await source.adapter.readState(), { head: commit })
  for (const [collection, head] of await readCommitted(source, commit)) {
    const selection = source.selections.get(collection)
    if (selection === undefined) {
      if (!source.leftOut.some((left) => left.name === collection))
        found.held.push(`${collection}: ${missingReason(source, collection)}`)
      continue
    }
    // what HEAD has not moved away from is its own past
    const at = moved.find((each) => each.name === collection)
    const structures = { base: at === undefined ? head : at.base, head }
    const reason = driftReason(selection, structures)
    if (reason !== undefined) found.held.push(`${collection}: ${reason}`)
    else if (driftOf(selection, structures) === 'migrated-here')
      found.own.push(`${collection} was migrated here (${allWords(selection, head)}); the next push carries it`)
  }
  return found
}

/** Every difference, whoever made it. */
function allWords(selection: Selection, head: CommittedCollection): string {
  const { obstacles, lacks } = differenceOf(selection, { base: undefined, head })
  return [...obstacles, ...lacks.map((words) => `${words} is only in the exports`)].join('; ')
}
