/** What `tandem doctor` asks of one source: may this clone use it, does it answer, is it the right one, and does its structure let every record travel? */
import type { SourceConfig } from '../../config/config.ts'
import { unknownCollections } from '../../config/match.ts'
import { unknownFields } from '../../config/rules.ts'
import { TandemError } from '../../model/errors.ts'
import { age } from '../../report/age.ts'
import { preventionFor } from '../../schema/key-steps.ts'
import { checkBinding } from '../../source/binding.ts'
import { homeFields, homeReason, homeWays } from '../../source/home-fields.ts'
import { heldMemory } from '../../source/holds.ts'

import { type Source, openSource } from '../../source/source.ts'
import { asTandemError } from '../../source/sources.ts'
import { withoutName } from '../../source/without-name.ts'
import { checkApproval } from '../../workspace/approval.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { examine } from '../examine/examine.ts'
import { type Check, fail, failedBy, ok, warn } from './check.ts'
import { checkRecords } from './records.ts'
import { checkDrift } from './structure.ts'

/** The checks of one source, each name with the source's in front. A target that was not approved is not connected to. */
export async function checkDatabase(workspace: Workspace, config: SourceConfig, schema = false): Promise<Check[]> {
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
    if (source !== undefined && schema) checks.push(...(await checkFindings(source)))
    checks.push(await checkHeld(workspace, config.name, source))
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
    return fail(name, `the sync point cannot be written: ${withoutName(source.source, error.message)}`, error.hint)
  }
}

/** What can never travel: tables without a key, those whose parents stay behind, and those of which no record could arrive. */
function checkStructure(source: Source): Check {
  const name = `${source.source}: collections`
  const problems: string[] = []
  for (const { name: table, reason, isHeld } of source.leftOut) if (isHeld === true) problems.push(`${table} ${reason}`)
  for (const [collection, { schema }] of source.selections)
    for (const { to } of schema.references)
      if (!source.selections.has(to)) problems.push(`${collection} refers to ${to}, which is left out`)
  if (problems.length > 0)
    return fail(name, problems.join('; '), 'Correct tandem.config.json or the tables, then: tandem init')
  const home = homeFields(source)
  if (home.length > 0) {
    const lines = home.map((each) => `${each.collection}: ${homeReason(each)}`)
    return warn(name, lines.join('; '), home.flatMap(homeWays).join('\n'))
  }
  const left = source.leftOut.length > 0 ? `; left out: ${source.leftOut.map((each) => each.name).join(', ')}` : ''
  return ok(name, `${source.selections.size} take part${left}`)
}

async function checkFindings(source: Source): Promise<Check[]> {
  const name = `${source.source}: schema`
  const findings = await examine(source)
  if (findings.length === 0) return [ok(name, 'nothing in it would be published, lost or merged unexpectedly')]
  return findings.map(({ line, paste }) => warn(name, line, paste === undefined ? undefined : `Paste: ${paste}`))
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

/** Collections that were held, and single records that this database refuses or that wait in quarantine. */
async function checkHeld(workspace: Workspace, name: string, source: Source | undefined): Promise<Check> {
  const check = `${name}: held`
  const now = workspace.invocation.nowMs()
  const held = Object.entries(await heldMemory(workspace).read()).filter(([each]) => each.startsWith(`${name}/`))
  const lines = held.map(([each, { reason, since }]) => `${each} (${age(now - since)}): ${reason}`)
  const records = source === undefined ? undefined : await checkRecords(workspace, source, check)
  if (records === undefined || records.status === 'ok')
    return lines.length === 0
      ? ok(check, 'nothing was held at the last export or apply')
      : warn(check, lines.join('; '), 'tandem status tells what is held now.')
  return { ...records, message: [records.message, ...lines].join('; ') }
}
