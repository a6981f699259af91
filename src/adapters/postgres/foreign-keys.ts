/**
 * Foreign keys while a plan is applied. In replica mode the database's own checks are off, and outside it a cascade would silently delete or change rows that are
 * not in the plan. The checks here replace the first and prevent the second; they use the operators and locks with which PostgreSQL itself checks foreign keys.
 */
import { splitObject } from '../../model/canonical.ts'
import { NotLoadable } from '../loads.ts'
import { stale, violation } from '../refused-plan.ts'
import { quotedName } from '../sql-text.ts'
import { type TableName, collectionName, qualified } from './name.ts'
import type { PgClient } from './session.ts'
import { type Staged, type StagedChange, sameKey, stagedColumn } from './staged.ts'

/** A foreign key from or to a table of the plan. */
export interface ForeignKey {
  readonly name: string
  readonly child: ForeignKeySide
  readonly parent: ForeignKeySide
  /** For each field the equality operator between parent and child, and between parent and parent: `OPERATOR("pg_catalog".=)`. */
  readonly parentChild: readonly string[]
  readonly parentParent: readonly string[]
  /** It has an action (RESTRICT, CASCADE, SET NULL, SET DEFAULT) for when a parent is deleted or its referenced value changes. */
  readonly acts: boolean
  readonly matchFull: boolean
}

/** The child or the parent of a foreign key: the table, and its fields in the key. */
export interface ForeignKeySide {
  readonly table: TableName
  /** The table as it is written behind FROM: a partitioned table with its partitions, any other without the tables that inherit from it. */
  readonly target: string
  readonly fields: readonly string[]
  /** The plan's changes to the table; undefined when it is not in the plan. */
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

type ForeignKeyRow = Readonly<
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

/**
 * To be called when tables that were empty have been filled, where the server does not check by itself: no row may lack its parent.
 * @throws NotLoadable when one does, or may, because the parent is in a table that others can write meanwhile
 */
export async function checkLoadedReferences(client: PgClient, loaded: readonly Pick<Staged, 'table'>[]): Promise<void> {
  const oids = new Set(loaded.map(({ table }) => table.oid))
  const { rows } = await client.query<ForeignKeyRow>(FOREIGN_KEYS, [[...oids]])
  for (const row of rows) {
    if (!oids.has(row.child_root ?? '')) continue
    if (!oids.has(row.parent_root ?? '')) throw new NotLoadable(`${row.name} refers to a table that is not loaded`)
    const child = sideTable({ schema: row.child_schema, table: row.child_table }, row.child_kind)
    const parent = sideTable({ schema: row.parent_schema, table: row.parent_table }, row.parent_kind)
    const fields = (JSON.parse(row.child_fields) as string[]).map((field) => `c.${quotedName(field)}`)
    const operators = JSON.parse(row.parent_child) as string[]
    const match = (JSON.parse(row.parent_fields) as string[]).map(
      (field, i) => `p.${quotedName(field)} ${operators[i]} ${fields[i]}`,
    )
    const refers = row.match === 'f' ? `num_nonnulls(${fields.join(', ')}) > 0` : `num_nulls(${fields.join(', ')}) = 0`
    const orphans = await client.query(
      `SELECT FROM ${child.target} c WHERE ${refers} AND NOT EXISTS (SELECT FROM ${parent.target} p WHERE ${match.join(' AND ')}) LIMIT 1`,
    )
    if (orphans.rows.length > 0) throw new NotLoadable(`a row lacks its parent (${row.name})`)
  }
}

/** Every enforced foreign key from or to a table of the plan, of whatever schema. */
export async function readForeignKeys(client: PgClient, plan: readonly Staged[]): Promise<ForeignKey[]> {
  const byOid = new Map(plan.map((staged) => [staged.table.oid, staged]))
  const { rows } = await client.query<ForeignKeyRow>(FOREIGN_KEYS, [[...byOid.keys()]])
  return rows.map((row) => ({
    name: row.name,
    child: {
      ...sideTable({ schema: row.child_schema, table: row.child_table }, row.child_kind),
      fields: JSON.parse(row.child_fields) as string[],
      staged: byOid.get(row.child_root ?? ''),
    },
    parent: {
      ...sideTable({ schema: row.parent_schema, table: row.parent_table }, row.parent_kind),
      fields: JSON.parse(row.parent_fields) as string[],
      staged: byOid.get(row.parent_root ?? ''),
    },
    parentChild: JSON.parse(row.parent_child) as string[],
    parentParent: JSON.parse(row.parent_parent) as string[],
    acts: row.actions !== 'aa',
    matchFull: row.match === 'f',
  }))
}

function sideTable(table: TableName, kind: string): Pick<ForeignKeySide, 'table' | 'target'> {
  return { table, target: kind === 'p' ? qualified(table) : `ONLY ${qualified(table)}` }
}

/**
 * To be called before writing, when the parents that the plan touches are locked, so that nobody can add a child to them: no row outside the plan may refer to a
 * value that the plan takes away. The value stays if some written record has it afterwards. Where the database's own foreign keys act (`checkedByServer`) and this
 * one has an action, it has to be the same record, because the action runs although another record takes the value over.
 * @throws RefusedPlan with outcome `stale`
 */
export async function checkOutsideChildren(client: PgClient, key: ForeignKey, checkedByServer: boolean): Promise<void> {
  const { parent, child } = key
  const { staged } = parent
  if (staged === undefined || !losesValues(staged, parent.fields)) return
  const references = parent.fields.map(
    (field, i) => `t.${quotedName(field)} ${key.parentChild[i]} c.${quotedName(child.fields[i] ?? '')}`,
  )
  const { rows } = await client.query(
    `SELECT FROM ${staged.keys} k JOIN ${parent.target} t ON ${sameKey(staged, 't', 'k')}
       JOIN ${child.target} c ON ${references.join(' AND ')}
     WHERE k.op IN ('d', 'u', 'r') AND NOT EXISTS (${keptValue(key, staged, checkedByServer && key.acts)})
       ${child.staged === undefined ? '' : `AND NOT EXISTS (SELECT FROM ${child.staged.keys} ck WHERE ck.op NOT IN ('i', 'm') AND ${sameKey(child.staged, 'c', 'ck')})`}
     LIMIT 1`,
  )
  if (rows.length === 0) return
  throw stale(
    `a row of ${collectionName(child.table)} that is not in the plan refers to a record of ${collectionName(parent.table)} that is to go (${key.name})`,
  )
}

/** True when the plan deletes or reassigns records, or changes one of these fields. */
function losesValues(staged: Staged, fields: readonly string[]): boolean {
  return (
    staged.changes.some(({ operation }) => 'dr'.includes(operation)) ||
    fields.some((field) => staged.updated.has(field))
  )
}

/**
 * A subquery for the written record that has the referenced value of parent `t` afterwards: with `ownOnly` this parent itself, otherwise any; none where the key names another
 * record afterwards. That condition stands in here, because beside an OR the server would run the subquery once for each row.
 */
function keptValue(key: ForeignKey, staged: Staged, ownOnly: boolean): string {
  const { fields } = key.parent
  const written = fields.every((field) => staged.written.some(({ name }) => name === field))
  if (!written) return `SELECT FROM ${staged.rows} r WHERE k.op <> 'r' AND r.n = k.n`
  const same = fields.map(
    (field, i) => `r.${stagedColumn(staged, field)} ${key.parentParent[i]} t.${quotedName(field)}`,
  )
  return `SELECT FROM ${staged.rows} r WHERE k.op <> 'r' AND ${same.join(' AND ')}${ownOnly ? ' AND r.n = k.n' : ''}`
}

/**
 * To be called before writing: the numbers of those changes which leave a reference as it is that has no parent already (NOT VALID, or loaded with checks off). PostgreSQL does not check
 * a reference that does not change.
 */
export async function danglingBefore(client: PgClient, key: ForeignKey): Promise<ReadonlySet<number>> {
  const { child, parent } = key
  const { staged } = child
  if (staged === undefined || !mayDangle(staged, key)) return new Set()
  const fields = child.fields.map((field) => `c.${quotedName(field)}`)
  const match = parent.fields.map((field, i) => `p.${quotedName(field)} ${key.parentChild[i]} ${fields[i]}`)
  const { rows } = await client.query<{ n: string }>(
    `SELECT r.n FROM ${staged.rows} r JOIN ${child.target} c ON ${sameKey(staged, 'c', 'r')}
     WHERE r.op IN ('u', 'k') AND num_nulls(${fields.join(', ')}) = 0
       AND NOT EXISTS (SELECT FROM ${parent.target} p WHERE ${match.join(' AND ')})`,
  )
  return new Set(rows.map(({ n }) => Number(n)).filter((n) => !changesAny(staged.changes[n], child.fields)))
}

function changesAny(change: StagedChange | undefined, fields: readonly string[]): boolean {
  const [before, after] = [change?.before, change?.after].map((text) => splitObject(text ?? '{}'))
  return fields.some((field) => before?.get(field) !== after?.get(field))
}

interface ParentsCheck {
  readonly checkedByServer: boolean
  /** From `danglingBefore`. */
  readonly exempt: ReadonlySet<number>
}

/**
 * To be called after writing: the parent of every written record must exist, and is locked FOR KEY SHARE until we commit, as PostgreSQL's own check does. Records that may be without one
 * by the plan (`Change.dangling`) are left out.
 * @throws RefusedPlan with outcome `violation`
 */
export async function checkParents(
  client: PgClient,
  key: ForeignKey,
  { checkedByServer, exempt }: ParentsCheck,
): Promise<void> {
  const { child, parent } = key
  const { staged } = child
  if (staged === undefined || !mayDangle(staged, key)) return
  const values = referringValues(staged, child)
  const match = parent.fields
    .map((field, i) => `p.${quotedName(field)} ${key.parentChild[i]} ${values.of(child.fields[i] ?? '')}`)
    .join(' AND ')
  if (!checkedByServer) {
    await client.query(
      `WITH locked AS MATERIALIZED (SELECT FROM ${values.from} JOIN ${parent.target} p ON ${match} FOR KEY SHARE OF p) SELECT count(*) FROM locked`,
    )
  }
  const all = child.fields.map(values.of).join(', ')
  // where some values are NULL nothing matches, which MATCH FULL does not allow
  const refers = key.matchFull ? `num_nonnulls(${all}) > 0` : `num_nulls(${all}) = 0`
  const marked = staged.changes.flatMap(({ dangling }, n) => (dangling === true ? [n] : []))
  const { rows } = await client.query<{ n: string }>(
    `SELECT r.n FROM ${values.from} WHERE ${refers} AND NOT EXISTS (SELECT FROM ${parent.target} p WHERE ${match})
       AND r.n <> ALL ($1::int4[]) ORDER BY r.n LIMIT 1`,
    [[...exempt, ...marked]],
  )
  const [row] = rows
  if (row === undefined) return
  throw violation({
    collection: staged.selection.schema.name,
    key: staged.changes[Number(row.n)]?.key,
    constraint: key.name,
    message: `${child.fields.join(', ')} refers to a record of ${collectionName(parent.table)} that is not there`,
  })
}

/** False when no written record can be without its parent, because the plan neither adds or changes such a reference nor takes a referenced value away. */
function mayDangle(staged: Staged, { child, parent }: ForeignKey): boolean {
  if (parent.staged !== undefined && losesValues(parent.staged, parent.fields)) return true
  return (
    staged.changes.some(({ operation }) => 'imr'.includes(operation)) ||
    child.fields.some((field) => staged.updated.has(field))
  )
}

/** Where the referring values of the written records are read: from the plan; or from the live rows if one of the fields is not written, or the foreign key binds only the rows of one partition. */
function referringValues(
  staged: Staged,
  child: ForeignKeySide,
): { readonly from: string; readonly of: (field: string) => string } {
  const ofAll = collectionName(child.table) === staged.selection.schema.name
  if (ofAll && child.fields.every((field) => staged.written.some(({ name }) => name === field))) {
    return { from: `${staged.rows} r`, of: (field) => `r.${stagedColumn(staged, field)}` }
  }
  return {
    from: `${staged.rows} r JOIN ${child.target} c ON ${sameKey(staged, 'c', 'r')}`,
    of: (field) => `c.${quotedName(field)}`,
  }
}
