/**
 * Records that a database whose encoding is not UTF-8 cannot hold, for example ☃ in LATIN1. The server refuses a COPY with such a character as a whole and does not reliably say which line
 * has it, so the characters are tried before. Each record that has one is refused by name, and the others go on.
 */
import type { RecordText } from '../../model/canonical.ts'
import { violation } from '../refused-plan.ts'
import { isRefusedValue } from './failure.ts'
import type { PgClient } from './session.ts'

/** A record that is to be written. */
interface EncodedRecord {
  readonly key: string
  readonly after?: RecordText | undefined
}

/** @throws RefusedPlan with outcome `violation`, naming every record with a character that the server's encoding lacks */
export async function refuseUnencodable(
  client: PgClient,
  collection: string,
  records: readonly EncodedRecord[],
): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>(`SELECT current_setting('server_encoding') AS encoding`)
  const encoding = rows[0]?.encoding ?? 'UTF8'
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return
  const missing = await missingCharacters(client, encoding, charactersOf(records))
  if (missing.size === 0) return
  const refused = records.flatMap(({ key, after }) => {
    const character = foreignTo(after).find((one) => missing.has(one))
    const message = `the database's encoding ${encoding} has no ${character}`
    return character === undefined ? [] : [{ collection, key, constraint: `encoding ${encoding}`, message }]
  })
  const [first, ...others] = refused
  if (first !== undefined) throw violation(first, others)
}

/** The record with escapes of characters undone, as they reach the server. */
function textOf(record: RecordText | undefined): string {
  return (record ?? '').replace(/(?<!\\)((?:\\\\)*)\\u([0-9a-f]{4})/gi, (_, before: string, code: string) =>
    before.concat(String.fromCharCode(Number.parseInt(code, 16))),
  )
}

/** The characters of a record that are not in ASCII. */
function foreignTo(record: RecordText | undefined): readonly string[] {
  return textOf(record).match(/[^\0-\x7f]/gu) ?? []
}

function charactersOf(records: readonly EncodedRecord[]): Set<string> {
  const characters = new Set<string>()
  for (const { after } of records) for (const one of foreignTo(after)) characters.add(one)
  return characters
}

async function missingCharacters(
  client: PgClient,
  encoding: string,
  characters: ReadonlySet<string>,
): Promise<Set<string>> {
  const missing = new Set<string>()
  if (characters.size === 0 || (await canHold(client, encoding, [...characters].join('')))) return missing
  for (const one of characters) if (!(await canHold(client, encoding, one))) missing.add(one)
  return missing
}

/** Whether the encoding has all characters of the text, which is sent as bytes: as text the server would convert it and fail. */
async function canHold(client: PgClient, encoding: string, text: string): Promise<boolean> {
  await client.query('SAVEPOINT tandem_encoding')
  try {
    await client.query(`SELECT pg_catalog.convert($1::bytea, 'UTF8', $2::name)`, [Buffer.from(text), encoding])
    return true
  } catch (error) {
    if (!isRefusedValue(error)) throw error
    return false
  } finally {
    await client.query('ROLLBACK TO SAVEPOINT tandem_encoding')
  }
}
