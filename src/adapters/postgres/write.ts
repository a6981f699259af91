/**
 * Writing a staged plan: one statement for all collections, so that foreign keys, also circular ones, are judged when everything is in place, and deletes,
 * updates and inserts of a table happen in this order, so that a unique value is free before it is taken.
 */
import { identifier, qualified } from './name.ts'
import type { Connection } from './session.ts'
import { column, sameKey, type Operation, type Staged } from './stage.ts'
import { target } from './table.ts'

export interface Counts {
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

export interface WriteOptions {
  /** Collections whose updated rows are deleted and inserted again, keeping the fields that are not written: frees unique values before any is taken. */
  readonly replaced: ReadonlySet<Staged>
  /** Of this collection write only changes up to this number: for finding the record that a constraint refuses. */
  readonly limit?: { readonly staged: Staged; readonly n: number }
}

/** Runs the statement and returns what it wrote, per collection in the order of the plan. */
export async function writeStaged(
  client: Connection,
  plan: readonly Staged[],
  options: WriteOptions,
): Promise<Counts[]> {
  const parts = plan.map((staged, position) => partsOf(staged, position, options))
  const statements = parts.flatMap(({ statements: list }) => list)
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
      updated: count('u') + count('r') + count('x'),
      inserted: count('i') + count('m'),
    }
  })
}

/** True when the collection has a change of this kind. */
export function hasOperation(staged: Staged, operation: Operation): boolean {
  return staged.changes.some((change) => change.operation === operation)
}

interface Statement {
  readonly name: string
  readonly sql: string
}

function partsOf(
  staged: Staged,
  position: number,
  options: WriteOptions,
): { readonly statements: readonly Statement[] } {
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
  const statements: Statement[] = []
  if (has('d') || (replaced && (has('u') || has('r'))))
    statements.push({ name: names.deletes, sql: deleteSql(staged, replaced, limit) })
  const afterDeletes = gate(statements.at(-1)) + limit
  if (has('u') && replaced) {
    statements.push({ name: names.replaces, sql: replaceSql(staged, names.deletes, limit) })
  } else if (has('u') && settable(staged).length > 0) {
    statements.push({ name: names.updates, sql: updateSql(staged, afterDeletes) })
  }
  if (has('r')) {
    const sql = replaced ? insertSql(staged, 'r', afterDeletes) : reassignSql(staged, afterDeletes)
    statements.push({ name: names.reassigns, sql })
  }
  const afterAll = statements.map(gate).join('') + limit
  if (has('m')) statements.push({ name: names.moves, sql: moveSql(staged, afterAll) })
  if (has('i')) statements.push({ name: names.inserts, sql: insertSql(staged, 'i', afterAll) })
  return { statements }
}

/** Makes a statement wait for another one: the count is taken, and so the other one completed, before the first row is read. */
function gate(earlier: Statement | undefined): string {
  return earlier === undefined ? '' : `AND (SELECT count(*) FROM ${earlier.name}) >= 0 `
}

function deleteSql(staged: Staged, replaced: boolean, limit: string): string {
  const kept = replaced ? keptFields(staged).map((name, i) => `, t.${identifier(name)} AS kept${i}`) : []
  const which = replaced ? `(k.op = 'd' OR k.op IN ('u', 'r') ${limit.replace('r.n', 'k.n')})` : `k.op = 'd'`
  return `DELETE FROM ${target(staged.table)} t USING ${staged.keys} k
    WHERE ${which} AND ${sameKey(staged, 't', 'k')} RETURNING k.n${kept.join('')}`
}

function updateSql(staged: Staged, condition: string): string {
  const set = settable(staged).map((name) => `${identifier(name)} = r.${column(staged, name)}`)
  return `UPDATE ${target(staged.table)} t SET ${set.join(', ')} FROM ${staged.rows} r
    WHERE r.op = 'u' AND ${sameKey(staged, 't', 'r')} ${condition} RETURNING 1`
}

function insertSql(staged: Staged, operation: Operation, condition: string): string {
  const names = staged.written.map(({ name }) => name)
  return `INSERT INTO ${qualified(staged.table)} (${names.map(identifier).join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${names.map((name) => `r.${column(staged, name)}`).join(', ')} FROM ${staged.rows} r
    WHERE r.op = '${operation}' ${condition} RETURNING 1`
}

/** The key names another record from now on: what is not written starts afresh. */
function reassignSql(staged: Staged, condition: string): string {
  const { key } = staged.selection.schema
  const names = staged.written.map(({ name }) => name).filter((name) => !key.includes(name))
  const set = names.map((name) => `${identifier(name)} = r.${column(staged, name)}`)
  const afresh = keptFields(staged).map((name) => `${identifier(name)} = DEFAULT`)
  // a table may have nothing but its key
  const all =
    [...set, ...afresh].length > 0
      ? [...set, ...afresh]
      : key.slice(0, 1).map((name) => `${identifier(name)} = t.${identifier(name)}`)
  return `UPDATE ${target(staged.table)} t SET ${all.join(', ')} FROM ${staged.rows} r
    WHERE r.op = 'r' AND ${sameKey(staged, 't', 'r')} ${condition} RETURNING 1`
}

/** Records that left another key take along what is not written: the statement still sees the rows as they were before it. */
function moveSql(staged: Staged, condition: string): string {
  const names = staged.written.map(({ name }) => name)
  const kept = keptFields(staged)
  const position = new Map(staged.changes.map(({ key }, n) => [key, n]))
  const origins = staged.changes.flatMap(({ operation, from }, n) =>
    operation === 'm' ? [`(${n}, ${position.get(from ?? '') ?? -1})`] : [],
  )
  return `INSERT INTO ${qualified(staged.table)} (${[...names, ...kept].map(identifier).join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${[...names.map((name) => `r.${column(staged, name)}`), ...kept.map((name) => `t.${identifier(name)}`)].join(', ')}
    FROM (VALUES ${origins.join(', ')}) o(n, origin) JOIN ${staged.rows} r ON r.n = o.n
      JOIN ${staged.keys} k ON k.n = o.origin JOIN ${target(staged.table)} t ON ${sameKey(staged, 't', 'k')}
    WHERE r.op = 'm' ${condition} RETURNING 1`
}

function replaceSql(staged: Staged, deletes: string, limit: string): string {
  const names = staged.written.map(({ name }) => name)
  const kept = keptFields(staged)
  return `INSERT INTO ${qualified(staged.table)} (${[...names, ...kept].map(identifier).join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${[...names.map((name) => `r.${column(staged, name)}`), ...kept.map((_, i) => `d.kept${i}`)].join(', ')}
    FROM ${staged.rows} r JOIN ${deletes} d ON d.n = r.n
    WHERE r.op = 'u' ${gate({ name: deletes, sql: '' })} ${limit} RETURNING 1`
}

/** Fields of the live row that the plan does not write: omitted and derived ones. */
function keptFields(staged: Staged): string[] {
  return [...staged.table.columns.keys()].filter((name) => !staged.written.some((field) => field.name === name))
}

/** Only what changes is set: a value that stays must not be written anew. */
function settable(staged: Staged): string[] {
  return staged.written.map(({ name }) => name).filter((name) => staged.updated.has(name))
}
