/** Which values a record refers to by one of its references. */
import { type RecordText, type ValueText, kindOf, splitObject } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import { tupleOf } from '../tuple.ts'

/** The values referred to, as text of `tupleOf`; undefined where there is no record, one of them is absent or null, or the reference does not count in this record. */
export function referredBy(record: RecordText | undefined, reference: Reference): string | undefined {
  const { fields, when } = reference
  if (record !== undefined && when !== undefined && plainText(splitObject(record).get(when.field)) !== when.value)
    return undefined
  return tupleOf(record, fields)
}

/** A string as its text, any other value as it is written. */
export function plainText(value: ValueText | undefined): string | undefined {
  return value !== undefined && kindOf(value) === 'string' ? (JSON.parse(value) as string) : value
}
