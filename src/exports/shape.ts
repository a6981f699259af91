/** What a renamed table is known by: its structure without the names of tables, and its records. Separate from reading exports: live's tables are compared by it too. */
import { structureText } from '../format/collection-file.ts'
import { type RecordText, splitObject } from '../model/canonical.ts'
import type { CollectionSchema } from '../model/collection.ts'
import type { Records } from '../model/records.ts'

/** Equal for a table before and after it was renamed, whatever other tables were renamed with it. */
export function shapeText(schema: CollectionSchema): string {
  const references = schema.references.map((reference) => ({ ...reference, to: '' }))
  return structureText({ ...schema, name: '', references })
}

/** True when most of the records are still there much as they were: another table of the same structure, made when the first was dropped, has not. @param key the fields of the key */
export function isMostlyAlike(before: Records, now: Records, key: readonly string[]): boolean {
  const alike = [...before].filter(([name, text]) => isAlike(text, now.get(name), key)).length
  return alike > 0 && alike * 2 >= before.size
}

/** True when at least half of the fields besides the key are equal. */
function isAlike(before: RecordText, now: RecordText | undefined, key: readonly string[]): boolean {
  if (now === undefined || before === now) return before === now
  const values = splitObject(now)
  const fields = [...splitObject(before)].filter(([name]) => !key.includes(name))
  return fields.filter(([name, value]) => values.get(name) === value).length * 2 >= fields.length
}
