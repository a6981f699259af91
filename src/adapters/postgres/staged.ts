/** The changes of a plan in temporary tables, as stage.ts has put them there, and how a statement names their columns and keys. */
import type { Change } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { quotedName } from '../sql-text.ts'
import type { LiveTable } from './table.ts'
import type { CodedField } from './values.ts'

/**
 * What is done with a record: `i` insert, `u` update, `d` delete, `m` insert a record that had another key before, `r` reassign the key to another record, `k` keep:
 * nothing is written, the record must only still be what it was.
 */
export type Operation = 'i' | 'u' | 'd' | 'm' | 'r' | 'k'

/** A change of the plan, and what it means for the live row. */
export interface StagedChange extends Change {
  readonly operation: Operation
}

/** The changes of one collection in temporary tables. The change at position n of `changes` has the number n in both tables. */
export interface Staged {
  readonly table: LiveTable
  readonly selection: Selection
  /** Every selected field, derived ones too, sorted by name. */
  readonly fields: readonly CodedField[]
  /** The fields that are written: all selected ones except the derived. */
  readonly written: readonly CodedField[]
  /** Omitted fields that a new row gets a placeholder in, and the server's text of it; in the temporary table of the records they are `p0`, `p1` … */
  readonly placeholders: readonly (readonly [field: string, text: string])[]
  readonly changes: readonly StagedChange[]
  /** The fields that at least one update changes. */
  readonly updated: ReadonlySet<string>
  /** Temporary table of all changes: `n`, `op`, key fields. */
  readonly keys: string
  /** Temporary table of the records to write: `n`, `op`, written fields. */
  readonly rows: string
  /** Field → the equality operator of the primary key's index. */
  readonly keyOperators: ReadonlyMap<string, string>
  /** The name of the primary key's index, which is that of its constraint; undefined when the table has no primary key. */
  readonly keyConstraint: string | undefined
  /** Key fields that may be NULL and whose values can be compared as arrays of one element: those of PostgreSQL's own types. */
  readonly inArrays: ReadonlySet<string>
}

/** The column of the temporary tables that holds a field: `f0`, `f1` …, so that no column of the user's can have the name of one of ours. */
export function stagedColumn(staged: Staged, field: string): string {
  return `f${staged.fields.findIndex(({ name }) => name === field)}`
}

/** The SQL condition that a row of the live table (alias `row`) and one of a temporary table (alias `other`) have the same key. */
export function sameKey(staged: Staged, row: string, other: string): string {
  const conditions = staged.selection.schema.key.map((field) => {
    const live = `${row}.${quotedName(field)}`
    const ours = `${other}.${stagedColumn(staged, field)}`
    const equal = `${live} ${staged.keyOperators.get(field) ?? 'OPERATOR(pg_catalog.=)'} ${ours}`
    if (staged.table.columns.get(field)?.required === true) return equal
    // in arrays NULL equals NULL, and unlike an OR this can be hashed
    if (staged.inArrays.has(field)) return `ARRAY[${live}] OPERATOR(pg_catalog.=) ARRAY[${ours}]`
    return `(${equal} OR ${live} IS NULL AND ${ours} IS NULL)`
  })
  return conditions.join(' AND ')
}
