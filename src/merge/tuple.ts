/** The values of several fields of a record as one text, so that records can be compared by them: unique keys, references, identity fields. */
import { type RecordText, type ValueText, arrayText } from '../model/canonical.ts'
import { documentFields } from '../model/documents.ts'

/** How a value is written for the comparison. */
export type ValueForm = (value: ValueText) => string

/**
 * The values of the fields as one text.
 * @param form how values are compared; by default an integer in a column of text equals the same integer in a column of numbers
 * @returns undefined where there is no record, or one of the fields is absent or null: by SQL's rules such values equal nothing
 */
export function tupleOf(
  record: RecordText | undefined,
  fields: readonly string[],
  form: ValueForm = integersAlike,
): string | undefined {
  if (record === undefined) return undefined
  const known = documentFields(record)
  const values = fields.map((name) => known.get(name) ?? 'null')
  return values.includes('null') ? undefined : arrayText(values.map(form))
}

/** Equal only where the texts are equal, as in one column. */
export function asWritten(value: ValueText): string {
  return value
}

/** `5` and `"5"` are equal: two columns of different types may hold the same integer. */
function integersAlike(value: ValueText): string {
  return /^"(-?(?:0|[1-9]\d*))"$/.exec(value)?.[1] ?? value
}

/** `5`, `"5"` and `"5.00"` are equal: a foreign key and the key it names may be of different number types. Text that is no plain number stays as it is. */
export function comparable(value: ValueText): string {
  const match = /^"?(-?(?:0|[1-9]\d*))(?:\.(\d*[1-9])?0*)?"?$/.exec(value)
  if (match === null) return value
  const [, whole = '', fraction] = match
  return fraction === undefined ? whole : `${whole}.${fraction}`
}
