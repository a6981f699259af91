/**
 * Writes a staged plan with one statement for all collections, because the server checks foreign keys, also circular ones, at the end of a statement. Inside it the
 * deletes, updates and inserts of a table run in this order, so that a unique value is free before another record takes it.
 */
import { quotedName } from '../sql-text.ts'
import { qualified } from './name.ts'
import type { PgClient } from './session.ts'
import { type Operation, type Staged, sameKey, stagedColumn } from './staged.ts'
import { target } from './table.ts'

/** How many records were written. */
export interface WrittenCounts {
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

/** How a plan is written. */
export interface WriteOptions {
  /** Collections whose updated rows are deleted first and inserted again, with the fields that are not written, so that unique values are free before any is taken. */
  readonly replaced: ReadonlySet<Staged>
  /** Of this collection only the changes up to number `n` are written: for finding the record that a constraint refuses. */
  readonly limit?: { readonly staged: Staged; readonly n: number }
}

/** Runs the statement and returns what it wrote, per collection in the order of the plan. */
export async function writeStaged(
  client: PgClient,
  plan: readonly Staged[],
  options: WriteOptions,
): Promise<WrittenCounts[]> {
  const statements = plan.flatMap((staged, position) => queriesFor(staged, position, options))
  if (statements.length === 0) return plan.map(() => ({ inserted: 0, updated: 0, deleted: 0 }))
  const counts = statements.map(({ name }) => `(SELECT count(*) FROM ${name}) AS ${name}`)
  const { rows } = await client.query<Record<string, string>>(
    `WITH ${statements.map(({ name, sql }) => `${name} AS (${sql})`).join(',\n')}\nSELECT ${counts.join(', ')}`,
  )
  const row = rows[0] ?? {}
  return plan.map((staged, position) => {
    const count = (name: string): number => Number(row[`${name}${position}`] ?? 0)
    const putBack = count('r') + (options.replaced.has(staged) ? count('x') : 0)
    return {
      deleted: count('d') - putBack,
      updated: count('u') + count('r') + count('x') - unchangedReassigned(staged),
      inserted: count('i') + count('m'),
    }
  })
}

/** Reassigned keys whose record has the same text afterwards, as two rows of a junction table have: they are written, because other fields may differ, but change no record. */
function unchangedReassigned({ changes }: Staged): number {
  return changes.filter(({ operation, before, after }) => operation === 'r' && before === after).length
}

/** True when the collection has a change of this kind. */
export function hasOperation(staged: Staged, operation: Operation): boolean {
  return staged.changes.some((change) => change.operation === operation)
}

/** A part of the statement: a query in its WITH list. */
interface WithQuery {
  readonly name: string
  readonly sql: string
}

function queriesFor(staged: Staged, position: number, options: WriteOptions): WithQuery[] {
  const has = (operation: Operation): boolean => hasOperation(staged, operation)
  const replaced = options.replaced.has(staged)
  const limit = options.limit?.staged === staged ? `AND r.n <= ${options.limit.n}` : ''
  const names = {
    deletes: `d${position}`,
    updates: `u${position}`,
    inserts: `i${position}`,
    replaces: `r${position}`,
    reassigns: `x${position}`,
    moves: `m${position}`,
  }
  const statements: WithQuery[] = []
  if (has('d') || (replaced && (has('u') || has('r'))))
    statements.push({ name: names.deletes, sql: deleteSql(staged, replaced, limit) })
  const afterDeletes = waitFor(statements.at(-1)) + limit
  if (has('u') && replaced) {
    statements.push({ name: names.replaces, sql: replaceSql(staged, names.deletes, limit) })
  } else if (has('u') && changedFields(staged).length > 0) {
    statements.push({ name: names.updates, sql: updateSql(staged, afterDeletes) })
  }
  if (has('r')) {
    const sql = replaced ? insertSql(staged, 'r', afterDeletes) : reassignSql(staged, afterDeletes)
    statements.push({ name: names.reassigns, sql })
  }
  const afterAll = statements.map(waitFor).join('') + limit
  if (has('m')) statements.push({ name: names.moves, sql: moveSql(staged, afterAll) })
  if (has('i')) statements.push({ name: names.inserts, sql: insertSql(staged, 'i', afterAll) })
  return statements
}

/** A condition that makes a query wait for an earlier one: to evaluate it, the server has to count the rows of the earlier query, and so completes that one first. */
function waitFor(earlier: WithQuery | undefined): string {
  return earlier === undefined ? '' : `AND (SELECT count(*) FROM ${earlier.name}) >= 0 `
}

function deleteSql(staged: Staged, replaced: boolean, limit: string): string {
  const kept = replaced ? keptFields(staged).map((name, i) => `, t.${quotedName(name)} AS kept${i}`) : []
  const which = replaced ? `(k.op = 'd' OR k.op IN ('u', 'r') ${limit.replace('r.n', 'k.n')})` : `k.op = 'd'`
  return `DELETE FROM ${target(staged.table)} t USING ${staged.keys} k
    WHERE ${which} AND ${sameKey(staged, 't', 'k')} RETURNING k.n${kept.join('')}`
}

function updateSql(staged: Staged, condition: string): string {
  const set = changedFields(staged).map((name) => `${quotedName(name)} = r.${stagedColumn(staged, name)}`)
  return `UPDATE ${target(staged.table)} t SET ${set.join(', ')} FROM ${staged.rows} r
    WHERE r.op = 'u' AND ${sameKey(staged, 't', 'r')} ${condition} RETURNING 1`
}

function insertSql(staged: Staged, operation: Operation, condition: string): string {
  const names = [...staged.written, ...staged.placeholders.map(([name]) => ({ name }))].map(({ name }) => name)
  const values = [
    ...staged.written.map(({ name }) => `r.${stagedColumn(staged, name)}`),
    ...staged.placeholders.map((_, i) => `r.p${i}`),
  ]
  return `INSERT INTO ${qualified(staged.table)} (${names.map(quotedName).join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${values.join(', ')} FROM ${staged.rows} r
    WHERE r.op = '${operation}' ${condition} RETURNING 1`
}

/** For a key that names another record afterwards: the fields that are not written get their placeholders or defaults. */
function reassignSql(staged: Staged, condition: string): string {
  const { key } = staged.selection.schema
  const names = staged.written.map(({ name }) => name).filter((name) => !key.includes(name))
  const set = names.map((name) => `${quotedName(name)} = r.${stagedColumn(staged, name)}`)
  const afresh = keptFields(staged).map((name) => {
    const placeholder = staged.placeholders.findIndex(([field]) => field === name)
    return `${quotedName(name)} = ${placeholder < 0 ? 'DEFAULT' : `r.p${placeholder}`}`
  })
  // a table may consist of its key alone; UPDATE needs something to set
  const all =
    [...set, ...afresh].length > 0
      ? [...set, ...afresh]
      : key.slice(0, 1).map((name) => `${quotedName(name)} = t.${quotedName(name)}`)
  return `UPDATE ${target(staged.table)} t SET ${all.join(', ')} FROM ${staged.rows} r
    WHERE r.op = 'r' AND ${sameKey(staged, 't', 'r')} ${condition} RETURNING 1`
}

/** For records that had another key before: the fields that are not written are taken from the row of that key, which every part of the statement sees as it was before. */
function moveSql(staged: Staged, condition: string): string {
  const names = staged.written.map(({ name }) => name)
  const kept = keptFields(staged)
  const position = new Map(staged.changes.map(({ key }, n) => [key, n]))
  const origins = staged.changes.flatMap(({ operation, from }, n) =>
    operation === 'm' ? [`(${n}, ${position.get(from ?? '') ?? -1})`] : [],
  )
  return `INSERT INTO ${qualified(staged.table)} (${[...names, ...kept].map(quotedName).join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${[...names.map((name) => `r.${stagedColumn(staged, name)}`), ...kept.map((name) => `t.${quotedName(name)}`)].join(', ')}
    FROM (VALUES ${origins.join(', ')}) o(n, origin) JOIN ${staged.rows} r ON r.n = o.n
      JOIN ${staged.keys} k ON k.n = o.origin JOIN ${target(staged.table)} t ON ${sameKey(staged, 't', 'k')}
    WHERE r.op = 'm' ${condition} RETURNING 1`
}

function replaceSql(staged: Staged, deletes: string, limit: string): string {
  const names = staged.written.map(({ name }) => name)
  const kept = keptFields(staged)
  return `INSERT INTO ${qualified(staged.table)} (${[...names, ...kept].map(quotedName).join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${[...names.map((name) => `r.${stagedColumn(staged, name)}`), ...kept.map((_, i) => `d.kept${i}`)].join(', ')}
    FROM ${staged.rows} r JOIN ${deletes} d ON d.n = r.n
    WHERE r.op = 'u' ${waitFor({ name: deletes, sql: '' })} ${limit} RETURNING 1`
}

/** The fields of the live table that the plan does not write: omitted and derived ones. */
function keptFields(staged: Staged): string[] {
  return [...staged.table.columns.keys()].filter((name) => !staged.written.some((field) => field.name === name))
}

/** The fields that an UPDATE sets: those that at least one update changes. Others are not written even with the value that they have. */
function changedFields(staged: Staged): string[] {
  return staged.written.map(({ name }) => name).filter((name) => staged.updated.has(name))
}
