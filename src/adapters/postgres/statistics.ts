/**
 * Joins of a plan with tables about which the server has no statistics yet. Of such a table it guesses the number of rows from the declared widths of the columns: for a wide one it
 * guesses a single row, and would compare each row of the plan with each row of the table. Joined by hashing, a guess may be as wrong as it likes.
 */
import type { PgClient } from './session.ts'
import type { Staged } from './staged.ts'

/** The tables $1, those that refer to them and those to which they refer, with all their partitions; `relpages` is 0 until a table with rows has been vacuumed or analysed. */
const WITHOUT_STATISTICS = `
  WITH plan AS (SELECT oid FROM unnest($1::oid[]) p(oid)
      UNION SELECT tree.relid FROM unnest($1::oid[]) p(oid), pg_partition_tree(p.oid) tree),
    near AS (SELECT oid FROM plan
      UNION SELECT conrelid FROM pg_constraint WHERE contype = 'f' AND confrelid IN (SELECT oid FROM plan)
      UNION SELECT confrelid FROM pg_constraint WHERE contype = 'f' AND conrelid IN (SELECT oid FROM plan)),
    every AS (SELECT oid FROM near UNION SELECT tree.relid FROM near, pg_partition_tree(near.oid) tree)
  SELECT FROM pg_class c JOIN every ON every.oid = c.oid WHERE c.relkind = 'r' AND c.relpages = 0 LIMIT 1`

/** How the records of a plan are found in their tables. */
export interface KeyPlans {
  /** Runs statements that find every record by its key. */
  byKey<Result>(body: () => Promise<Result>): Promise<Result>
}

const AS_THE_SERVER_LIKES: KeyPlans = { byKey: (body) => body() }

/** So many times more rows than changes, and looking each up in the key's index takes less than reading the table. */
const FEW = 10

/**
 * Keeps nested loops out of the rest of the transaction if the server knows nothing of a table that the plan reads or writes. Otherwise, where a plan changes few rows of large tables, `byKey`
 * makes the server look these up in the index of the key: it overrates what that costs, and would read the whole table instead.
 */
export async function avoidBlindPlans(client: PgClient, plan: readonly Staged[]): Promise<KeyPlans> {
  const oids = plan.map(({ table }) => table.oid)
  const { rows } = await client.query(WITHOUT_STATISTICS, [oids])
  if (rows.length > 0) {
    await client.query('SET LOCAL enable_nestloop = off')
    return AS_THE_SERVER_LIKES
  }
  if (!(await changesFew(client, plan))) return AS_THE_SERVER_LIKES
  const hashing = async (value: 'on' | 'off'): Promise<unknown> =>
    client.query(`SET LOCAL enable_hashjoin = ${value}; SET LOCAL enable_mergejoin = ${value}`)
  return {
    byKey: async (body) => {
      await hashing('off')
      const result = await body() // when it throws, the savepoint or transaction ends, and the settings with it
      await hashing('on')
      return result
    },
  }
}

/** Not where records move to other keys: they are then joined by numbers without an index. */
async function changesFew(client: PgClient, plan: readonly Staged[]): Promise<boolean> {
  const isIndexed = plan.every(({ keyConstraint, table, selection, changes }) => {
    const required = selection.schema.key.every((field) => table.columns.get(field)?.required === true)
    return keyConstraint !== undefined && required && !table.tree && !changes.some(({ operation }) => operation === 'm')
  })
  if (!isIndexed) return false
  const { rows } = await client.query<Record<'oid' | 'count', string>>(
    'SELECT oid, reltuples::bigint AS count FROM pg_class WHERE oid = ANY($1::oid[])',
    [plan.map(({ table }) => table.oid)],
  )
  const counts = new Map(rows.map(({ oid, count }) => [oid, Number(count)]))
  return plan.every(({ table, changes }) => changes.length * FEW <= (counts.get(table.oid) ?? 0))
}
