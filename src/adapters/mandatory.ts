/** The form in which descriptions name the fields that every new record has to fill. */
import { compareBytes } from '../model/canonical.ts'

/** Collection → its fields, sorted; collections without any are left out. */
export function mandatoryFields(
  collections: Iterable<readonly [name: string, fields: readonly string[]]>,
): ReadonlyMap<string, readonly string[]> {
  const named = [...collections].filter(([, fields]) => fields.length > 0)
  return new Map(named.map(([name, fields]) => [name, [...fields].sort(compareBytes)]))
}
