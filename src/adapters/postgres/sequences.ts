/** Numbers that the database hands out by itself: advancing a sequence past what was written, and drawing new ones. Sequences are outside transactions. */
import type { CollectionSchema } from '../../model/collection.ts'
import { UsageError } from '../../model/errors.ts'
import type { Database } from './connect.ts'
import { explain } from './failure.ts'
import { identifier } from './name.ts'
import { writing, type Connection } from './session.ts'
import { column, type Staged } from './stage.ts'
import { liveTable, target, type LiveTable } from './table.ts'

/**
 * Up to this distance a sequence is advanced by drawing numbers, which can never set it back while others draw. Beyond, `setval` is used: for it to set
 * anything back, others would have to draw as many numbers in the instant between reading and writing.
 */
const DRAWN_AT_MOST = 10_000n

/** Advances the sequences of a staged collection past everything it writes, so that the database does not hand the same numbers out again. */
export async function advanceSequences(client: Connection, staged: Staged): Promise<void> {
  for (const { name } of staged.written) {
    const sequence = staged.table.columns.get(name)?.sequence
    if (sequence === undefined) continue
    const field = column(staged, name)
    const { rows } = await client.query<Record<'least' | 'greatest', string | null>>(
      `SELECT min(${field}) AS least, max(${field}) AS greatest FROM ${staged.rows}`,
    )
    const range = rows[0] ?? { least: null, greatest: null }
    if (range.least === null || range.greatest === null) continue
    await advance(client, sequence, { least: BigInt(range.least), greatest: BigInt(range.greatest) })
  }
}

/** The numbers that are to be behind a sequence: it may count up or down. */
interface Range {
  readonly least: bigint
  readonly greatest: bigint
}

/** Makes sure that the next number drawn is beyond the range. Never moves a sequence backwards. */
async function advance(client: Connection, sequence: string, { least, greatest }: Range): Promise<void> {
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
  if (whole > DRAWN_AT_MOST) await client.query('SELECT setval($1::regclass, $2)', [sequence, last + whole * step]) // a machine that counts in steps stays in its own
  else await client.query('SELECT max(nextval($1::regclass)) FROM generate_series(1, $2::int)', [sequence, whole])
}

/**
 * New numbers for the single integer key of a table, each greater than `above` and than every key in it.
 * @throws UsageError when the key is not a single integer, or the sequence may not be used or is exhausted
 */
export async function drawKeys(database: Database, schema: CollectionSchema, wanted: Wanted): Promise<string[]> {
  try {
    return await writing(database, async (client) => {
      const table = await liveTable(client, database, schema)
      const [field, ...others] = schema.key
      const key = field === undefined ? undefined : table.columns.get(field)
      if (key?.coding !== 'integer' || others.length > 0) {
        throw new UsageError(`${database.source}: the key of ${schema.name} is not a single integer`)
      }
      const above = await greatestKey(client, { table, field: key.name, above: wanted.above })
      if (key.sequence === undefined) return following(above, wanted.count)
      await advance(client, key.sequence, { least: above, greatest: above })
      const drawn = await draw(client, key.sequence, wanted.count)
      return drawn.every((number) => number > above) ? drawn.map(integerText) : following(above, wanted.count) // a sequence that counts down
    })
  } catch (error) {
    throw explain(error, {
      source: database.source,
      doing: `draw new keys for ${schema.name}`,
      grant: `GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA … TO ${identifier(database.role)}`,
    })
  }
}

export interface Wanted {
  readonly count: number
  readonly above: bigint
}

async function greatestKey(
  client: Connection,
  { table, field, above }: { table: LiveTable; field: string; above: bigint },
): Promise<bigint> {
  const { rows } = await client.query<{ greatest: string | null }>(
    `SELECT max(${identifier(field)}) AS greatest FROM ${target(table)}`,
  )
  const there = rows[0]?.greatest ?? undefined
  return there !== undefined && BigInt(there) > above ? BigInt(there) : above
}

async function draw(client: Connection, sequence: string, count: number): Promise<bigint[]> {
  const { rows } = await client.query<{ number: string }>(
    'SELECT nextval($1::regclass) AS number FROM generate_series(1, $2::int)',
    [sequence, count],
  )
  return rows.map(({ number }) => BigInt(number))
}

function following(above: bigint, count: number): string[] {
  return Array.from({ length: count }, (_, index) => integerText(above + BigInt(index) + 1n))
}

/** As an integer stands in a record: beyond ±(2^53−1) as a string. */
function integerText(number: bigint): string {
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? `${number}` : `"${number}"`
}
