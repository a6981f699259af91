/**
 * Which rows of a table were written since an earlier moment, by `xmin`, the number of the transaction that wrote a row: all below the watermark had ended by then. A row keeps its `xmin`
 * when it is frozen; one that is so old that its number came round again is read once more, never missed. Deletions leave nothing behind; the count of rows tells of them.
 */
import { createHash } from 'node:crypto'
import type { Selection } from '../../model/collection.ts'
import { type PgClient, inSavepoint } from './session.ts'
import { type LiveTable, target } from './table.ts'

/** A moment of one table. */
export interface Watermark {
  /** The oldest transaction that had not ended, with its epoch: numbers below it never come again. */
  readonly xid: string
  /** Which cluster, and which line of its history: a cluster that was recovered to a point in time has another one. */
  readonly cluster: string
  /** Fingerprint of what changes the text of a row without writing it. */
  readonly structure: string
}

/** Half of all transaction numbers, less some for transactions that begin meanwhile: whether one is older than another can only be told below. */
const FARTHEST = 2n ** 31n - 1_000_000n

const MOMENT = `
  SELECT txid_snapshot_xmin(txid_current_snapshot()) AS xid, concat_ws(' ', (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()), current_database()) AS cluster`

/** `\N` for the value that a column has in rows which are older than it: https://www.postgresql.org/docs/current/catalog-pg-attribute.html */
const STRUCTURE = `
  WITH RECURSIVE parts AS (
    SELECT c.oid, c.relkind, c.relam FROM pg_class c WHERE c.oid = $1
    UNION ALL
    SELECT c.oid, c.relkind, c.relam FROM parts JOIN pg_inherits i ON i.inhparent = parts.oid
      JOIN pg_class c ON c.oid = i.inhrelid WHERE $2
  ), types AS (
    SELECT a.atttypid AS oid FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT inner_type FROM types JOIN pg_type t ON t.oid = types.oid,
      LATERAL unnest(ARRAY[t.typelem, t.typbasetype]) AS inner_type WHERE inner_type <> 0
  )
  SELECT
    (SELECT bool_and(relkind = 'p' OR relkind = 'r' AND am.amname = 'heap')
      FROM parts LEFT JOIN pg_am am ON am.oid = parts.relam) AS plain,
    -- the text of these depends on other objects
    (SELECT bool_or(t.typtype IN ('c', 'r', 'm') OR t.typnamespace = 'pg_catalog'::regnamespace AND t.typname LIKE 'reg%')
      FROM types JOIN pg_type t ON t.oid = types.oid) AS dependent,
    (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM parts) AS parts,
    (SELECT string_agg(concat_ws(' ', a.attrelid, a.attnum, quote_ident(a.attname), a.atttypid, a.atttypmod,
        a.atthasmissing, a.attmissingval::text), ',' ORDER BY a.attrelid, a.attnum)
      FROM pg_attribute a JOIN parts ON parts.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT string_agg(concat_ws(' ', e.enumtypid, quote_literal(e.enumlabel)), ',' ORDER BY e.enumtypid, e.enumsortorder)
      FROM pg_enum e JOIN types ON types.oid = e.enumtypid) AS labels,
    (SELECT string_agg(concat_ws(' ', quote_ident(extname), extversion), ',' ORDER BY extname) FROM pg_extension) AS extensions`

type StructureRow = Readonly<
  Record<'plain' | 'dependent' | 'parts' | 'columns' | 'labels' | 'extensions', string | null>
>

/** The watermark of this transaction; undefined for a table whose rows do not tell, and where the moment is not known. */
export async function watermarkOf(
  client: PgClient,
  table: LiveTable,
  at: { readonly selection: Selection; readonly moment: MomentAsked },
): Promise<Watermark | undefined> {
  const { rows } = await client.query<StructureRow>(STRUCTURE, [table.oid, table.tree])
  const [found] = rows
  if (found?.plain !== 't' || found.dependent === 't') return undefined
  const moment = await at.moment()
  if (moment === undefined) return undefined
  const { schema } = at.selection
  const selected = [schema.key, schema.fields.map(({ name }) => name)]
  const structure = createHash('sha256')
    .update(JSON.stringify([found, selected]))
    .digest('hex')
    .slice(0, 32)
  return { ...moment, structure }
}

/** What is the same for all tables of a snapshot; undefined where the role may not know the cluster, as not every host lets it. */
export type MomentAsked = () => Promise<Pick<Watermark, 'xid' | 'cluster'> | undefined>

/** Asks the server with the first call, and only then. */
export function momentIn(client: PgClient): MomentAsked {
  let asked: ReturnType<MomentAsked> | undefined
  return () =>
    (asked ??= inSavepoint(client, async () => await client.query<Record<'xid' | 'cluster', string>>(MOMENT)).then(
      ({ rows }) => rows[0],
      () => undefined,
    ))
}

/** Takes a transaction number and gives it up: every lower one is then in the list of those that are running, or has ended. */
const PASS_ON = `INSERT INTO tandem.sync_point (name, value) VALUES ('', '')`

/** $1: a number of this transaction, without its epoch. It may be that of a savepoint, so it is counted from the transaction's own. */
const OWN_MOMENT = `
  SELECT written AS xid, txid_snapshot_xmax(now) > written AS exact,
    EXISTS (SELECT FROM txid_snapshot_xip(now) AS running WHERE running < written) AS older
  FROM txid_current_snapshot() AS now,
    LATERAL (SELECT txid_current() + ($1::bigint - txid_current() % 4294967296 + 4294967296) % 4294967296 AS written) AS own`

/**
 * The watermark of a table that this transaction has locked when it was empty and then filled by one statement: its rows do not count as written since. undefined where a transaction that
 * began before is still running, because it may write into the table with a lower number.
 */
export async function watermarkOfFilled(
  client: PgClient,
  table: LiveTable,
  selection: Selection,
): Promise<Watermark | undefined> {
  const passedOn = inSavepoint(client, async () => {
    await client.query(PASS_ON)
    throw PASSED_ON
  }).catch((error: unknown) => error === PASSED_ON)
  if (!(await passedOn)) return undefined
  const first = await client.query<{ xid: string }>(`SELECT t.xmin AS xid FROM ${target(table)} t LIMIT 1`)
  const written = first.rows[0]?.xid
  if (written === undefined) return undefined
  const { rows } = await client.query<Record<'xid' | 'exact' | 'older', string>>(OWN_MOMENT, [written])
  const [now] = rows
  if (now?.exact !== 't' || now.older === 't') return undefined
  const moment = momentIn(client)
  return watermarkOf(client, table, {
    selection,
    moment: async () => {
      const known = await moment()
      return known && { ...known, xid: String(BigInt(now.xid) + 1n) }
    },
  })
}

const PASSED_ON = new Error('rolled back on purpose')

export function watermarkText({ xid, cluster, structure }: Watermark): string {
  return JSON.stringify({ xid, cluster, structure })
}

/** The condition that holds for rows (`t`) written since `mark`; undefined when that cannot be told. `now`: the watermark of this transaction. */
export function ageCondition(mark: Watermark, now: Watermark): string | undefined {
  if (mark.cluster !== now.cluster || mark.structure !== now.structure || !/^\d+$/.test(mark.xid)) return undefined
  const distance = BigInt(now.xid) - BigInt(mark.xid)
  if (distance < 0n || distance > FARTHEST) return undefined
  // the numbers below 3 belong to no transaction
  const xid = BigInt(mark.xid) % 2n ** 32n
  return `age(t.xmin) <= (SELECT age('${xid < 3n ? 4294967295n : xid}'::xid))`
}
