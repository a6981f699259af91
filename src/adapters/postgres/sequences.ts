/** Numbers that the database hands out by itself: moving a sequence past the numbers that were written, and drawing new ones. A rollback does not undo either. */
import type { CollectionSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { WantedKeys } from '../adapter.ts'
import { quotedName } from '../sql-text.ts'
import type { Database } from './connect.ts'
import { codeOf, explain } from './failure.ts'
import { type PgClient, writing } from './session.ts'
import { type Staged, stagedColumn } from './staged.ts'
import { type LiveTable, liveTable, target } from './table.ts'
import type { CodedField } from './values.ts'

/**
 * Up to this distance a sequence is advanced by drawing numbers, which cannot move it backwards while others draw. Beyond it `setval` is used, which would move it
 * backwards only if others drew more than this many numbers between our reading and our writing.
 */
const DRAWN_AT_MOST = 10_000n

/** SQLSTATE of a sequence that has come to its end, and of a number beyond its bounds. */
const USED_UP = ['2200H', '22003']

/** Advances the sequences of a staged collection past everything it writes, so that the database does not hand the same numbers out again. */
export async function advanceSequences(client: PgClient, staged: Staged): Promise<void> {
  const { table, written, rows } = staged
  await advancePast(client, table, { written, from: rows, column: (name) => stagedColumn(staged, name) })
}

/** Advances the sequences of a table past all numbers in it. */
export async function advancePastAll(
  client: PgClient,
  table: LiveTable,
  written: readonly CodedField[],
): Promise<void> {
  await advancePast(client, table, { written, from: target(table), column: quotedName })
}

/** Where the numbers of the written fields are found. */
interface WrittenNumbers {
  readonly written: readonly CodedField[]
  readonly from: string
  /** The column that holds a field, quoted for SQL. */
  readonly column: (name: string) => string
}

async function advancePast(
  client: PgClient,
  table: LiveTable,
  { written, from, column }: WrittenNumbers,
): Promise<void> {
  for (const { name } of written) {
    const sequence = table.columns.get(name)?.sequence
    if (sequence === undefined) continue
    const field = column(name)
    // beyond its end a sequence hands out nothing, and moved to its end it would hand out nothing more
    const { rows } = await client.query<Record<'least' | 'greatest', string | null>>(
      `SELECT min(${field}) AS least, max(${field}) AS greatest FROM ${from}, pg_sequence p
       WHERE p.seqrelid = $1::regclass
         AND CASE WHEN p.seqincrement > 0 THEN ${field}::numeric + p.seqincrement <= p.seqmax
                  ELSE ${field}::numeric + p.seqincrement >= p.seqmin END`,
      [sequence],
    )
    const range = rows[0] ?? { least: null, greatest: null }
    if (range.least === null || range.greatest === null) continue
    await advance(client, sequence, { least: BigInt(range.least), greatest: BigInt(range.greatest) })
  }
}

/** The least and greatest number that a sequence must not hand out again; it may count up or down. */
interface NumberRange {
  readonly least: bigint
  readonly greatest: bigint
}

/** Moves a sequence (named as in SQL) so that the next number drawn is beyond the range. Never moves it backwards. */
async function advance(client: PgClient, sequence: string, { least, greatest }: NumberRange): Promise<void> {
  const { rows } = await client.query<Record<'last' | 'called' | 'step', string>>(
    `SELECT s.last_value AS last, s.is_called AS called, p.seqincrement AS step
     FROM ${sequence} s, pg_sequence p WHERE p.seqrelid = $1::regclass`,
    [sequence],
  )
  const [row] = rows
  if (row === undefined) return
  const step = BigInt(row.step)
  const value = step > 0n ? greatest : least
  const last = row.called === 't' ? BigInt(row.last) : BigInt(row.last) - step
  const distance = (value - last) / step
  const whole = (value - last) % step === 0n ? distance : distance + 1n
  if ((step > 0n && value <= last) || (step < 0n && value >= last)) return
  if (whole > DRAWN_AT_MOST) await client.query('SELECT setval($1::regclass, $2)', [sequence, last + whole * step]) // whole steps, so that machines which count 1, 3, 5 … and 2, 4, 6 … keep to their own numbers
  else await client.query('SELECT max(nextval($1::regclass)) FROM generate_series(1, $2::int)', [sequence, whole])
}

/**
 * `wanted.count` new numbers for the single integer key of a table, as `Adapter.nextKeys` returns them: each greater than `wanted.above` and than every live key.
 * @throws UsageError when the key is not a single integer, or the sequence may not be used or is exhausted
 */
export async function drawKeys(database: Database, schema: CollectionSchema, wanted: WantedKeys): Promise<string[]> {
  try {
    return await writing(database, async (client) => {
      const table = await liveTable(client, database, schema)
      const [field, ...others] = schema.key
      const key = field === undefined ? undefined : table.columns.get(field)
      if (key?.coding !== 'integer' || others.length > 0) {
        throw new UsageError(`source ${database.source}: the key of ${schema.name} is not a single integer`)
      }
      const above = await greatestKey(client, { table, field: key.name, above: wanted.above })
      if (key.sequence === undefined) return numbersAfter(above, wanted.count)
      await advance(client, key.sequence, { least: above, greatest: above })
      const drawn = await draw(client, key.sequence, wanted.count)
      return drawn.every((number) => number > above) ? drawn.map(integerText) : numbersAfter(above, wanted.count) // it counts down
    })
  } catch (error) {
    if (USED_UP.includes(codeOf(error) ?? ''))
      throw new UsageError(`source ${database.source}: no number is left for a new record of ${schema.name}`, {
        hint: 'Give the record with the greatest number another key by hand, or widen column and sequence, then: tandem apply',
        cause: error,
      })
    throw explain(error, {
      source: database.source,
      doing: `draw new keys for ${schema.name}`,
      grant: `GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA … TO ${quotedName(database.role)}`,
    })
  }
}

/** The greatest live key, or `above` if that is greater. */
async function greatestKey(
  client: PgClient,
  { table, field, above }: { table: LiveTable; field: string; above: bigint },
): Promise<bigint> {
  const { rows } = await client.query<{ greatest: string | null }>(
    `SELECT max(${quotedName(field)}) AS greatest FROM ${target(table)}`,
  )
  const there = rows[0]?.greatest ?? undefined
  return there !== undefined && BigInt(there) > above ? BigInt(there) : above
}

async function draw(client: PgClient, sequence: string, count: number): Promise<bigint[]> {
  const { rows } = await client.query<{ number: string }>(
    'SELECT nextval($1::regclass) AS number FROM generate_series(1, $2::int)',
    [sequence, count],
  )
  return rows.map(({ number }) => BigInt(number))
}

function numbersAfter(above: bigint, count: number): string[] {
  return Array.from({ length: count }, (_, index) => integerText(above + BigInt(index) + 1n))
}

/** The number as an integer is written in a record: beyond 2^53−1 as a string. */
function integerText(number: bigint): string {
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? `${number}` : `"${number}"`
}
