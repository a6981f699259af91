/** What people did, as they saw it: which rows they added and deleted, and which value they wrote over which. From that alone follows what may stand in the end. */

/** A value that somebody wrote into a field of a row. */
interface Value {
  readonly what: string
  readonly field: string
  readonly text: string
  /** Somebody who saw it wrote another one, or deleted the row with it. */
  overwritten: boolean
  deleted: boolean
}

interface Row {
  readonly table: string
  /** The machine that added it; undefined for what all machines began with. */
  readonly by: string | undefined
  deleted: boolean
  /** Somebody wrote into it, or added a row that refers to it. */
  touched: boolean
}

export interface Ledger {
  readonly rows: ReadonlyMap<string, Row>
  add(table: string, what: string, at: { readonly by: string | undefined; readonly fields: Fields }): void
  /** Somebody who saw `before` wrote `text`. */
  write(what: string, field: string, change: { readonly before: string; readonly text: string }): void
  /** Somebody who saw these fields deleted the row. */
  remove(what: string, fields: Fields): void
  /** Somebody made another row refer to it. */
  touch(what: string): void
  /** The values of a row that nobody who saw them wrote over. */
  open(what: string): readonly Readonly<Value>[]
}

export type Fields = Readonly<Record<string, string>>

export function newLedger(): Ledger {
  const rows = new Map<string, Row>()
  const values = new Map<string, Value>()
  const nameOf = (what: string, field: string, text: string): string => JSON.stringify([what, field, text])
  const put = (what: string, field: string, text: string): void =>
    void values.set(nameOf(what, field, text), { what, field, text, overwritten: false, deleted: false })
  return {
    rows,
    add: (table, what, { by, fields }) => {
      const known = rows.get(what)
      rows.set(what, { table, by: known === undefined ? by : known.by, deleted: false, touched: known !== undefined })
      for (const [field, text] of Object.entries(fields)) put(what, field, text)
    },
    write: (what, field, { before, text }) => {
      const over = values.get(nameOf(what, field, before))
      if (over !== undefined) over.overwritten = true
      put(what, field, text)
      const row = rows.get(what)
      if (row !== undefined) row.touched = true
    },
    remove: (what, fields) => {
      const row = rows.get(what)
      if (row !== undefined) row.deleted = true
      for (const [field, text] of Object.entries(fields)) {
        const seen = values.get(nameOf(what, field, text))
        if (seen !== undefined) seen.deleted = true
      }
    },
    touch: (what) => {
      const row = rows.get(what)
      if (row !== undefined) row.touched = true
    },
    open: (what) => [...values.values()].filter((value) => value.what === what && !value.overwritten),
  }
}
