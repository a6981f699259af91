/** Finds the key that a person names: `trader-7`, `191`, or canonical text like `["a",2]`. */
import { type KeyText, stringText } from '../model/canonical.ts'
import { UsageError } from '../model/errors.ts'
import type { Records } from '../model/records.ts'

/**
 * The first reading of `text` that is the key of a record.
 * @param at `name`: the collection; `states`: its records, in which the key is looked for
 * @throws UsageError when no record has it
 */
export function findKey(text: string, at: { readonly name: string; readonly states: readonly Records[] }): KeyText {
  const found = readings(text).find((key) => at.states.some((records) => records.has(key)))
  if (found !== undefined) return found
  throw new UsageError(`${at.name} has no record with the key ${text}, neither now nor then`, {
    hint: 'Several fields, or a typed value, are written as in the exports: --key \'["a",2]\'',
  })
}

/** The keys that the text may mean: canonical text, a number, a string, or an ObjectId of MongoDB. */
function readings(text: string): KeyText[] {
  const objectId = /^[0-9a-f]{24}$/i.test(text) ? [`[{"$oid":"${text.toLowerCase()}"}]`] : []
  return [text, `[${text}]`, `[${stringText(text)}]`, ...objectId]
}
