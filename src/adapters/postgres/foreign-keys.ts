/**
 * Foreign keys around a plan. The database's own checks are off while a plan is applied in replica mode, and its cascades would silently take rows that are not
 * in the plan: both are looked after here, with the operators and locks that PostgreSQL itself uses for them.
 */
import type { ApplyOutcome } from '../../model/change.ts'
import { stale } from './compare.ts'
import { collectionName, identifier, qualified, type TableName } from './name.ts'
import { Rollback, type Connection } from './session.ts'
import { column, sameKey, type Staged } from './stage.ts'

/** One foreign key that touches a table of the plan. Actions as in pg_constraint: `a` none, `r` restrict, `c` cascade, `n` null, `d` default. */
export interface ForeignKey {
  readonly name: string
  readonly child: Side
  readonly parent: Side
  /** parent = child, and parent = parent, per field: `OPERATOR("pg_catalog".=)`. */
  readonly parentChild: readonly string[]
  readonly parentParent: readonly string[]
  /** It acts on children by itself when a parent goes or its referenced value changes. */
  readonly acts: boolean
  readonly matchFull: boolean
}

export interface Side {
  readonly table: TableName
  /** For FROM: a partitioned table with its partitions, any other without its children. */
  readonly target: string
  readonly fields: readonly string[]
  /** Undefined: not in the plan. */
  readonly staged: Staged | undefined
}

const FOREIGN_KEYS = `
  WITH plan AS (SELECT p.oid, p.oid AS root FROM unnest($1::oid[]) p(oid)
    UNION SELECT tree.relid, p.oid FROM unnest($1::oid[]) p(oid), pg_partition_tree(p.oid) tree)
  SELECT k.conname AS name, child.root AS child_root, parent.root AS parent_root,
    cn.nspname AS child_schema, c.relname AS child_table, c.relkind AS child_kind,
    pn.nspname AS parent_schema, p.relname AS parent_table, p.relkind AS parent_kind,
    concat(k.confdeltype, k.confupdtype) AS actions, k.confmatchtype AS match,
    (SELECT json_agg(a.attname ORDER BY u.position) FROM unnest(k.conkey) WITH ORDINALITY u(attnum, position)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS child_fields,
    (SELECT json_agg(a.attname ORDER BY u.position) FROM unnest(k.confkey) WITH ORDINALITY u(attnum, position)
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS parent_fields,
    (SELECT json_agg(format('OPERATOR(%I.%s)', n.nspname, o.oprname) ORDER BY u.position)
      FROM unnest(k.conpfeqop) WITH ORDINALITY u(oid, position)
      JOIN pg_operator o ON o.oid = u.oid JOIN pg_namespace n ON n.oid = o.oprnamespace) AS parent_child,
    (SELECT json_agg(format('OPERATOR(%I.%s)', n.nspname, o.oprname) ORDER BY u.position)
      FROM unnest(k.conppeqop) WITH ORDINALITY u(oid, position)
      JOIN pg_operator o ON o.oid = u.oid JOIN pg_namespace n ON n.oid = o.oprnamespace) AS parent_parent
  FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
    LEFT JOIN plan child ON child.oid = k.conrelid LEFT JOIN plan parent ON parent.oid = k.confrelid
  WHERE k.contype = 'f' AND k.conparentid = 0 AND coalesce(child.root, parent.root) IS NOT NULL
    AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
  ORDER BY k.oid`

type Row = Readonly<
  Record<
    | 'name'
    | 'child_schema'
    | 'child_table'
    | 'child_kind'
    | 'parent_schema'
    | 'parent_table'
    | 'parent_kind'
    | 'actions'
    | 'match'
    | 'child_fields'
    | 'parent_fields'
    | 'parent_child'
    | 'parent_parent',
    string
  > &
    Record<'child_root' | 'parent_root', string | null>
>

/** Every enforced foreign key from or to a table of the plan, of whatever schema. */
export async function readForeignKeys(client: Connection, plan: readonly Staged[]): Promise<ForeignKey[]> {
  const byOid = new Map(plan.map((staged) => [staged.table.oid, staged]))
  const { rows } = await client.query<Row>(FOREIGN_KEYS, [[...byOid.keys()]])
  return rows.map((row) => ({
    name: row.name,
    child: {
      ...tableOf({ schema: row.child_schema, table: row.child_table }, row.child_kind),
      fields: JSON.parse(row.child_fields) as string[],
      staged: byOid.get(row.child_root ?? ''),
    },
    parent: {
      ...tableOf({ schema: row.parent_schema, table: row.parent_table }, row.parent_kind),
      fields: JSON.parse(row.parent_fields) as string[],
      staged: byOid.get(row.parent_root ?? ''),
    },
    parentChild: JSON.parse(row.parent_child) as string[],
    parentParent: JSON.parse(row.parent_parent) as string[],
    acts: row.actions !== 'aa',
    matchFull: row.match === 'f',
  }))
}

function tableOf(table: TableName, kind: string): Pick<Side, 'table' | 'target'> {
  return { table, target: kind === 'p' ? qualified(table) : `ONLY ${qualified(table)}` }
}

/**
 * Before writing, with the touched parents locked (so that no child can be added any more): no row outside the plan may refer to a parent that goes.
 * `checkedByServer`: the database's own foreign keys act, so a parent that another record replaces is gone all the same where the key cascades.
 * @throws Rollback with outcome `stale`
 */
export async function checkOutsideChildren(
  client: Connection,
  key: ForeignKey,
  checkedByServer: boolean,
): Promise<void> {
  const { parent, child } = key
  const { staged } = parent
  if (staged === undefined || !losesValues(staged, parent.fields)) return
  const references = parent.fields.map(
    (field, i) => `t.${identifier(field)} ${key.parentChild[i]} c.${identifier(child.fields[i] ?? '')}`,
  )
  const { rows } = await client.query(
    `SELECT FROM ${staged.keys} k JOIN ${parent.target} t ON ${sameKey(staged, 't', 'k')}
       JOIN ${child.target} c ON ${references.join(' AND ')}
     WHERE (k.op = 'r' OR k.op IN ('d', 'u') AND NOT EXISTS (${keptValue(key, staged, checkedByServer && key.acts)}))
       ${child.staged === undefined ? '' : `AND NOT EXISTS (SELECT FROM ${child.staged.keys} ck WHERE ck.op NOT IN ('i', 'm') AND ${sameKey(child.staged, 'c', 'ck')})`}
     LIMIT 1`,
  )
  if (rows.length === 0) return
  throw stale(
    `a row of ${collectionName(child.table)} that is not in the plan refers to a record of ${collectionName(parent.table)} that is to go (${key.name})`,
  )
}

function losesValues(staged: Staged, fields: readonly string[]): boolean {
  return (
    staged.changes.some(({ operation }) => 'dr'.includes(operation)) ||
    fields.some((field) => staged.updated.has(field))
  )
}

/** The written record that has the referenced value of parent `t` afterwards: its own (where the server acts on any change), or anyone's. */
function keptValue(key: ForeignKey, staged: Staged, ownOnly: boolean): string {
  const { fields } = key.parent
  const written = fields.every((field) => staged.written.some(({ name }) => name === field))
  if (!written) return `SELECT FROM ${staged.rows} r WHERE r.n = k.n`
  const same = fields.map((field, i) => `r.${column(staged, field)} ${key.parentParent[i]} t.${identifier(field)}`)
  return `SELECT FROM ${staged.rows} r WHERE ${same.join(' AND ')}${ownOnly ? ' AND r.n = k.n' : ''}`
}

/**
 * After writing: every written record's parent is there, and stays there until we commit (FOR KEY SHARE, as PostgreSQL's own check does).
 * @throws Rollback with outcome `violation`
 */
export async function checkParents(client: Connection, key: ForeignKey, checkedByServer: boolean): Promise<void> {
  const { child, parent } = key
  const { staged } = child
  if (staged === undefined || !mayDangle(staged, key)) return
  const values = referringValues(staged, child)
  const match = parent.fields
    .map((field, i) => `p.${identifier(field)} ${key.parentChild[i]} ${values.of(child.fields[i] ?? '')}`)
    .join(' AND ')
  if (!checkedByServer) {
    await client.query(
      `WITH locked AS MATERIALIZED (SELECT FROM ${values.from} JOIN ${parent.target} p ON ${match} FOR KEY SHARE OF p) SELECT count(*) FROM locked`,
    )
  }
  const all = child.fields.map(values.of).join(', ')
  const partly = key.matchFull ? `OR num_nonnulls(${all}) BETWEEN 1 AND ${child.fields.length - 1}` : ''
  const { rows } = await client.query<{ n: string }>(
    `SELECT r.n FROM ${values.from} WHERE num_nulls(${all}) = 0 AND NOT EXISTS (SELECT FROM ${parent.target} p WHERE ${match}) ${partly}
     ORDER BY r.n LIMIT 1`,
  )
  const [row] = rows
  if (row === undefined) return
  throw new Rollback<ApplyOutcome>({
    status: 'violation',
    collection: staged.selection.schema.name,
    key: staged.changes[Number(row.n)]?.key,
    constraint: key.name,
    message: `${child.fields.join(', ')} refers to a record of ${collectionName(parent.table)} that is not there`,
  })
}

/** Only a new or changed reference, or a parent that goes, can leave a written record without its parent. */
function mayDangle(staged: Staged, { child, parent }: ForeignKey): boolean {
  if (parent.staged !== undefined && losesValues(parent.staged, parent.fields)) return true
  return (
    staged.changes.some(({ operation }) => 'imr'.includes(operation)) ||
    child.fields.some((field) => staged.updated.has(field))
  )
}

/** Where the referring values of the written records stand: in the plan, or, for fields that are not written, in the live rows. */
function referringValues(
  staged: Staged,
  child: Side,
): { readonly from: string; readonly of: (field: string) => string } {
  if (child.fields.every((field) => staged.written.some(({ name }) => name === field))) {
    return { from: `${staged.rows} r`, of: (field) => `r.${column(staged, field)}` }
  }
  return {
    from: `${staged.rows} r JOIN ${child.target} c ON ${sameKey(staged, 'c', 'r')}`,
    of: (field) => `c.${identifier(field)}`,
  }
}
