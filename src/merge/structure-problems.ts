/** Checks a structure from a commit before tables are made of it: no name may be empty, unprintable, used twice, or refer to something that does not exist. */
import { stringText } from '../model/canonical.ts'
import type { CollectionSchema } from '../model/collection.ts'

/**
 * Every problem of the structure in words; an empty list when a table can be made of it.
 * @param known the collections that references may lead to, by name
 */
export function structureProblems(
  schema: CollectionSchema,
  known: ReadonlyMap<string, Pick<CollectionSchema, 'fields'>>,
): string[] {
  const names = schema.fields.map(({ name }) => name)
  const problems = [schema.name, ...names]
    .filter((name) => !isPrintable(name))
    .map((name) => `${stringText(name)} is no name`)
  // SQLite takes A and a for one name
  const folded = names.map((name) => name.toLowerCase())
  const twice = names.find((_, index) => folded.indexOf(folded[index] ?? '') !== index)
  if (twice !== undefined) problems.push(`${stringText(twice)} is named twice`)
  if (schema.key.length === 0) problems.push('it has no key')
  const lists = [schema.key, ...schema.uniques, ...schema.references.map(({ fields }) => fields)]
  if (schema.order === 'sorted') for (const list of lists) problems.push(...listProblems(list, names))
  for (const { fields, to, toFields } of schema.references) {
    const target = to === schema.name ? schema : known.get(to)
    if (target === undefined) problems.push(`it refers to ${stringText(to)}, which takes no part`)
    else
      problems.push(
        ...listProblems(
          toFields,
          target.fields.map(({ name }) => name),
        ),
      )
    if (fields.length === 0 || fields.length !== toFields.length)
      problems.push(`its reference to ${stringText(to)} pairs ${fields.length} fields with ${toFields.length}`)
  }
  return problems
}

function listProblems(list: readonly string[], names: readonly string[]): string[] {
  const unknown = list.filter((name) => !names.includes(name)).map((name) => `${stringText(name)} is no field`)
  return new Set(list).size < list.length
    ? [...unknown, `${list.map(stringText).join(', ')} names a field twice`]
    : unknown
}

/** True for a name of 1 to 200 characters without control characters, formatting characters or lone surrogates. */
export function isPrintable(name: string): boolean {
  return name !== '' && name.length <= 200 && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)
}
