/** What `tandem doctor` asks of one source: may this clone use it, does it answer, is it the right one, and does its structure let every record travel? */
import type { SourceConfig } from '../../config/config.ts'
import { unknownCollections } from '../../config/match.ts'
import { unknownFields } from '../../config/rules.ts'
import { TandemError } from '../../model/errors.ts'
import { checkApproval } from '../approval.ts'
import { checkBinding } from '../binding.ts'
import { readHeld } from '../holds.ts'
import { keylessReason } from '../moved.ts'
import { age } from '../age.ts'
import { preventionFor } from '../prevention.ts'
import { openSource, type Source } from '../source.ts'
import { asTandemError } from '../sources.ts'
import type { Workspace } from '../workspace.ts'
import { fail, failedBy, ok, warn, type Check } from './check.ts'
import { checkDrift } from './structure.ts'

/** The checks of one source, each name with the source's in front. A target that was not approved is not connected to. */
export async function checkDatabase(workspace: Workspace, config: SourceConfig): Promise<Check[]> {
  const checks: Check[] = []
  const named = (what: string): string => `${config.name}: ${what}`
  let source: Source | undefined
  let step = 'approved'
  try {
    await checkApproval(workspace, config)
    checks.push(ok(named(step), 'its target is the one approved in this clone'))
    step = 'reachable'
    source = await openSource(workspace, config)
    checks.push(ok(named(step), `${source.description.database} (${source.description.server})`))
    step = 'bound'
    await checkBinding(workspace, source)
    checks.push(ok(named(step), 'it is the database that this clone is bound to'))
    step = 'privileges'
    checks.push(await checkPrivileges(source))
  } catch (error) {
    checks.push(failedBy(named(step), asTandemError(error)))
  }
  try {
    if (source !== undefined) checks.push(checkStructure(source), checkOptions(source), checkNumbers(workspace, source))
    if (source !== undefined) checks.push(await checkDrift(workspace, source))
    checks.push(await checkHeld(workspace, config.name))
    return checks
  } finally {
    await source?.adapter.close()
  }
}

/** Writes the binding's id once more, as it is: the only way to know that the state can be written. */
async function checkPrivileges(source: Source): Promise<Check> {
  const name = `${source.source}: privileges`
  const id = (await source.adapter.readState()).get('id')
  const same = new Map([['id', id]])
  try {
    if (await source.adapter.writeState(same, same)) return ok(name, 'the sync point can be written')
    return warn(name, 'the sync point changed just now: another run is at work', 'Run tandem doctor again.')
  } catch (error) {
    if (!(error instanceof TandemError)) throw error
    return fail(name, `the sync point cannot be written: ${error.message}`, error.hint)
  }
}

/** What can never travel: tables without a key, and those whose parents stay behind. */
function checkStructure(source: Source): Check {
  const name = `${source.source}: collections`
  const problems: string[] = []
  for (const [collection, { schema }] of source.selections) {
    if (schema.key.length === 0) problems.push(`${collection} ${keylessReason(source, collection)}`)
    for (const { to } of schema.references)
      if (!source.selections.has(to)) problems.push(`${collection} refers to ${to}, which is left out`)
  }
  if (problems.length > 0)
    return fail(name, problems.join('; '), 'Correct tandem.config.json or the tables, then: tandem init')
  const left = source.leftOut.length > 0 ? `; left out: ${source.leftOut.map((each) => each.name).join(', ')}` : ''
  return ok(name, `${source.selections.size} take part${left}`)
}

/** Numbers that every machine hands out by itself: all is well, but it could be better. */
function checkNumbers(workspace: Workspace, source: Source): Check {
  const name = `${source.source}: numbers`
  const prevention = preventionFor(source, workspace.asset)
  if (prevention === undefined) return ok(name, 'no key is a number that each machine hands out by itself')
  const { collections, advice, statements } = prevention
  const run = statements.length > 0 ? `; on this machine: ${statements.join(' ')}` : ''
  return ok(name, `${collections.join(', ')}: ${advice}${run}`)
}

/** Names in the configuration that the database does not have. */
function checkOptions(source: Source): Check {
  const { collections } = source.description
  const nearest = (name: string | undefined): string => (name === undefined ? '' : ` (did you mean ${name}?)`)
  const names = collections.map((schema) => schema.name)
  const unknown = unknownCollections(source.config, names).map(
    (each) => `no collection ${each.name}${nearest(each.nearest)}`,
  )
  for (const schema of collections)
    for (const each of unknownFields(source.config, schema))
      unknown.push(`${schema.name} has no field ${each.field}, named in "${each.option}"${nearest(each.nearest)}`)
  const name = `${source.source}: configuration`
  if (unknown.length === 0) return ok(name, 'every collection and field it names is there')
  return warn(name, unknown.join('; '), 'Correct the names in tandem.config.json, or run your migrations.')
}

async function checkHeld(workspace: Workspace, source: string): Promise<Check> {
  const name = `${source}: held`
  const now = workspace.invocation.nowMs()
  const held = Object.entries(await readHeld(workspace.dataDir)).filter(([each]) => each.startsWith(`${source}/`))
  if (held.length === 0) return ok(name, 'nothing was held at the last export or apply')
  const lines = held.map(([each, { reason, since }]) => `${each} (${age(now - since)}): ${reason}`)
  return warn(name, lines.join('; '), 'tandem status tells what is held now.')
}
