/** Values of the field `newest` that are no times in a form that tandem reads. The commit's time decides in their place, which should be said before a merge goes by it. */
import { parseTimestamp } from '../merge/values/timestamp.ts'
import { type ValueText, splitObject } from '../model/canonical.ts'
import { documentFields } from '../model/documents.ts'
import type { LiveRecord } from '../model/change.ts'
import type { MergeRules } from '../model/rules.ts'

/** One sentence about the first value that is not read as the time that it means; undefined where all are. */
export function unreadTime(records: readonly LiveRecord[], rules: MergeRules): string | undefined {
  const { newest, zone, collection } = rules
  if (newest === undefined) return undefined
  for (const { text } of records) {
    const value = documentFields(text).get(newest)
    if (value === undefined || value === 'null') continue
    if (isJulianDay(value))
      return `${collection}.${newest} is ${value}, which seems to be a Julian day and is read as seconds since 1970: the commit's time decides; store ISO 8601`
    if (parseTimestamp(value, zone) === undefined)
      return `${collection}.${newest} is ${value.slice(0, 80)}, in no form of time that tandem reads: the commit's time decides; store ISO 8601 or seconds since 1970`
  }
  return undefined
}

/** What SQLite's `julianday()` gives for the years 1900 to 2200; as seconds it would be January of 1970. */
function isJulianDay(value: ValueText): boolean {
  const number = value.startsWith('{"$real"') ? splitObject(value).get('$real')?.slice(1, -1) : value
  const days = Number(number)
  return days > 2_415_020 && days < 2_524_594
}
