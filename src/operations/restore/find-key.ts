/** The key that a person means: `trader-7`, `191`, or canonical text like `["a",2]`. */
import { stringText, type KeyText } from '../../model/canonical.ts'
import { UsageError } from '../../model/errors.ts'
import type { Records } from '../live.ts'

/** @throws UsageError when no record of these states has it */
export function findKey(text: string, at: { readonly name: string; readonly states: readonly Records[] }): KeyText {
  const found = readings(text).find((key) => at.states.some((records) => records.has(key)))
  if (found !== undefined) return found
  throw new UsageError(`${at.name} has no record with the key ${text}, neither now nor then`, {
    hint: 'Several fields, or a typed value, are written as in the exports: --key \'["a",2]\'',
  })
}

function readings(text: string): KeyText[] {
  const objectId = /^[0-9a-f]{24}$/i.test(text) ? [`[{"$oid":"${text.toLowerCase()}"}]`] : []
  return [text, `[${text}]`, `[${stringText(text)}]`, ...objectId]
}
