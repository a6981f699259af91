/** How rows become records; separate from snapshot.ts because single rows are read too, to check and to compare them. */
import { arrayText, compareBytes, stringText } from '../../model/canonical.ts'
import type { LiveRecord } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import { quotedName } from '../sql-text.ts'
import type { SqlRow } from './connect.ts'
import { type TextEncoding, readable, valueText } from './values.ts'

/** How to select the fields of a collection, and how to make a record of such a row. */
export interface RowReader {
  /** The columns for SELECT, separated by commas. */
  readonly columns: string
  /** `offset`: the number of columns in the row before them. */
  readonly record: (row: SqlRow, offset?: number) => LiveRecord
}

/** A reader for the fields of `schema`, which stand in the record sorted by name. A key field that is NULL or not selected is `null` in the key. */
export function rowReader(schema: CollectionSchema, encoding: TextEncoding): RowReader {
  const names = schema.fields.map((field) => field.name).sort(compareBytes)
  const labels = names.map((name) => `${stringText(name)}:`)
  const keyPositions = schema.key.map((name) => names.indexOf(name))
  return {
    // SELECT needs a column even where every field is left out.
    columns: names.map((name) => readable(quotedName(name))).join(', ') || 'NULL',
    record: (row, offset = 0) => {
      let text = ''
      for (let i = 0; i < names.length; i++) {
        const value = valueText(row[offset + i], encoding)
        if (value !== undefined) text += `${text === '' ? '' : ','}${labels[i]}${value}`
      }
      const key = keyPositions.map(
        (position) => (position < 0 ? undefined : valueText(row[offset + position], encoding)) ?? 'null',
      )
      return { key: arrayText(key), text: `{${text}}` }
    },
  }
}
