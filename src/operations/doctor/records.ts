/** What `tandem doctor` asks of the records: does this database refuse some of the exports, and do others wait in quarantine? */
import { readHead } from '../../git/head.ts'
import { DamagedError } from '../../model/errors.ts'
import { quarantinedIn } from '../../quarantine/list.ts'
import { counted } from '../../report/counted.ts'
import { readLive } from '../../source/live.ts'
import type { Source } from '../../source/source.ts'
import { lackedHere, readWithheld } from '../../source/withheld.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type Check, fail, failedBy, ok, warn } from './check.ts'

/** Under the name of the check given: a database that refuses records is not equal to the others, so that fails; what waits in quarantine is equal everywhere. */
export async function checkRecords(workspace: Workspace, source: Source, name: string): Promise<Check> {
  try {
    return await recordsCheck(workspace, source, name)
  } catch (error) {
    if (error instanceof DamagedError) return failedBy(name, error)
    throw error
  }
}

async function recordsCheck({ repository }: Workspace, source: Source, name: string): Promise<Check> {
  const lacking = await lackingRecords(source)
  if (lacking.length > 0)
    return fail(
      name,
      `this database refuses ${lacking.join(', ')}`,
      'tandem quarantine lists them, each with the constraint. Correct the records or the constraint, then: tandem apply',
    )
  const { commit } = await readHead(repository)
  const waiting = (await quarantinedIn(source, commit, undefined)).length
  if (waiting === 0) return ok(name, 'none is refused, none is in quarantine')
  return warn(name, `${counted(waiting, 'record')} in quarantine`, 'tandem quarantine lists them.')
}

/** `3 records of users`, for each collection with withheld records. */
async function lackingRecords(source: Source): Promise<string[]> {
  const known = readWithheld(await source.adapter.readState())
  if (known.size === 0) return []
  const { actual, withheld } = await readLive(source, known.keys())
  return [...actual].flatMap(([collection, records]) => {
    const { size } = lackedHere(records, withheld.get(collection), source.rules(collection))
    return size === 0 ? [] : [`${counted(size, 'record')} of ${collection}`]
  })
}
