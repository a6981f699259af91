/** Findings that the structure alone shows: required fields that stay at home, keys that the program chooses, and fields that seem to be foreign keys and are none. */
import type { CollectionSchema, Selection } from '../../model/collection.ts'
import type { Source } from '../../source/source.ts'
import { type Finding, entryFor } from './finding.ts'

/** The findings in the structure of a source. */
export function examineStructure(source: Source): Finding[] {
  const schemas = new Map(source.description.collections.map((schema) => [schema.name, schema]))
  return [...source.selections].flatMap(([name, selection]) => [
    ...requiredAtHome(schemas.get(name), selection),
    ...undeclared(source, selection.schema),
    ...chosenByProgram(source, selection.schema),
  ])
}

/** Numbers that the program makes up by itself, from a clock or the greatest so far: nothing tells two records of one number from one record that two machines edited. */
function chosenByProgram(source: Source, { name, key, fields, references }: CollectionSchema): Finding[] {
  const field = fields.find((each) => each.name === key[0])
  if (key.length !== 1 || field?.type !== 'integer' || field.serial === true) return []
  if (references.some((each) => each.fields.includes(field.name))) return []
  if (source.config.collections[name]?.identity !== undefined) return []
  return [
    {
      rank: 6,
      line: `${name}.${field.name} is a number that the database does not hand out: where two machines make up the same one for two records, these become one; name the fields by which a record is known`,
      paste: entryFor(name, { identity: ['FIELD'] }),
    },
  ]
}

/** Another machine could not insert the record: the field has no value there. A default of the database would do, which the structure does not tell. */
function requiredAtHome(schema: CollectionSchema | undefined, { omit, placeholders }: Selection): Finding[] {
  return (schema?.fields ?? [])
    .filter(({ name, required }) => required === true && omit.includes(name) && placeholders?.has(name) !== true)
    .map(({ name }) => ({
      rank: 1,
      line: `${schema?.name}.${name} is required and stays at home: unless it has a default, no new record reaches another machine; carry it, give it a placeholder, or exclude the table`,
      paste: entryFor(schema?.name ?? '', { omit: [`!${name}`] }),
    }))
}

/** `user_id` beside a table `users` without a foreign key: when two machines give one number to two users, nothing says whose record this is. */
function undeclared(source: Source, schema: CollectionSchema): Finding[] {
  const declared = new Set(schema.references.flatMap(({ fields }) => fields))
  const told = new Set(Object.keys(source.config.collections[schema.name]?.references ?? {}))
  return schema.fields.flatMap(({ name }) => {
    const parent = declared.has(name) || told.has(name) ? undefined : parentOf(source, name)
    if (parent === undefined || parent === schema.name) return []
    return [
      {
        rank: 4,
        line: `${schema.name}.${name} seems to refer to ${parent}, and no foreign key says so: it does not follow when a record of ${parent} gets another key`,
        paste: entryFor(schema.name, { references: { [name]: parent } }),
      },
    ]
  })
}

/** The table whose name the field has before `_id`, in the singular or plural, if its key is one number that the database hands out. */
function parentOf({ selections }: Source, field: string): string | undefined {
  const stem = /^(.+?)_?id$/i.exec(field)?.[1]?.toLowerCase()
  if (stem === undefined) return undefined
  const found = [...selections.values()].find(({ schema: { name } }) => {
    const bare = (name.split('.').at(-1) ?? name).toLowerCase()
    return [stem, `${stem}s`, `${stem}es`, stem.replace(/y$/, 'ies')].includes(bare)
  })
  const isSerial = found?.schema.fields.some(({ name, serial }) => serial === true && found.schema.key[0] === name)
  return isSerial === true && found?.schema.key.length === 1 ? found.schema.name : undefined
}
