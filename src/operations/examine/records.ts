/** Findings that only records show: secrets in tables of keys and values, rows whose parent does not exist, times that are not read. */
import { isCredentialField } from '../../config/credentials.ts'
import { tupleOf } from '../../merge/tuple.ts'
import { type ValueText, kindOf } from '../../model/canonical.ts'
import { documentFields } from '../../model/documents.ts'
import type { Selection } from '../../model/collection.ts'
import type { Records } from '../../model/records.ts'
import { counted } from '../../report/counted.ts'
import type { Source } from '../../source/source.ts'
import { unreadTime } from '../../source/unread-times.ts'
import type { Finding } from './finding.ts'

/** The findings in the records of a source. */
export function examineRecords(source: Source, live: ReadonlyMap<string, Records>): Finding[] {
  return [...source.selections].flatMap(([name, selection]) => {
    const records = live.get(name) ?? new Map()
    return [...secretsIn(name, records), ...danglingIn(selection, records, live), ...timesIn(source, name, records)]
  })
}

const KEY_NAMES =
  /^(_id|id|k|key|name|setting|option|property|variable|parameter|(config|option|setting)_?(key|name))$/i

const VALUE_NAMES = /^(v|val|value|data|content|(config|option|setting)_?value)$/i

/** `('api.token', 'x')` in a table of settings: no field's name looks like a credential, a record's does. */
function secretsIn(collection: string, records: Records): Finding[] {
  for (const text of records.values()) {
    const fields = [...documentFields(text)]
    const value = fields.find(([name]) => VALUE_NAMES.test(name))
    const key = fields.find(([name, held]) => KEY_NAMES.test(name) && isSecretName(held))
    if (value === undefined || key === undefined) continue
    const line = `${collection} holds ${JSON.parse(key[1]) as string}, which looks like a credential, in ${value[0]}: it would be pushed, and what was pushed once cannot be taken back`
    return [{ rank: 0, line, paste: `"exclude": [${JSON.stringify(collection)}]` }]
  }
  return []
}

function isSecretName(value: ValueText): boolean {
  return kindOf(value) === 'string' && isCredentialField(JSON.parse(value) as string)
}

/** Rows whose parent is not there, as SQLite allows with foreign keys off, and PostgreSQL with a key that was never validated. */
function danglingIn({ schema }: Selection, records: Records, live: ReadonlyMap<string, Records>): Finding[] {
  return schema.references.flatMap(({ fields, to, toFields }) => {
    const parents = new Set([...(live.get(to)?.values() ?? [])].map((text) => tupleOf(text, toFields)))
    const missing = [...records.values()].filter((text) => {
      const wanted = tupleOf(text, fields)
      return wanted !== undefined && !parents.has(wanted)
    }).length
    if (missing === 0) return []
    const line = `${schema.name}: ${counted(missing, 'record')} ${missing === 1 ? 'refers' : 'refer'} by ${fields.join(', ')} to records that ${to} does not have (as written): the foreign key is not enforced, or compares otherwise`
    return [{ rank: 3, line, paste: undefined }]
  })
}

function timesIn(source: Source, name: string, records: Records): Finding[] {
  const some = [...records].slice(0, 1_000).map(([key, text]) => ({ key, text }))
  const line = unreadTime(some, source.rules(name))
  return line === undefined ? [] : [{ rank: 5, line, paste: undefined }]
}
