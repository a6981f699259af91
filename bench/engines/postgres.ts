/** PostgreSQL: the installed one, started for the benchmark; psql, pg_dump and pg_restore of the same installation. */
import { once } from 'node:events'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Client } from 'pg'
import { from } from 'pg-copy-streams'
import { startInstalled, systemPrograms } from '../../test/support/postgres-cluster.ts'
import { createDatabase, execute, query } from '../../test/support/postgres.ts'
import { timed } from '../measured.ts'
import { rowAt, timeOfMark, type BenchRow } from '../rows.ts'
import { runProgram, type Run } from '../run-program.ts'
import type { Workbench } from '../workbench.ts'
import { TABLE, type BenchDatabase, type BenchEngine } from './engine.ts'

const CREATE = `CREATE TABLE ${TABLE} (id bigserial PRIMARY KEY, user_id bigint NOT NULL, username text NOT NULL, ts timestamptz NOT NULL,
  profit_usd numeric(18,2) NOT NULL, profit_sol numeric(18,9) NOT NULL, ticker text NOT NULL, note text, tags jsonb NOT NULL)`

export async function openPostgres(workbench: Workbench): Promise<BenchEngine> {
  const starting = startInstalled()
  // before it is there: Ctrl-C may come meanwhile
  workbench.defer(async () => (await starting).stop())
  const { uri } = await starting
  const programs = (await (await systemPrograms())?.('')) ?? ''
  const empty = async (): Promise<BenchDatabase> => {
    const created = await createDatabase(uri)
    await execute(created.uri, CREATE)
    return databaseAt(created.uri)
  }
  const dump = (url: string, file: string): Promise<Run> =>
    runProgram(path.join(programs, 'pg_dump'), ['-Fc', '-t', TABLE, '-f', file, url])
  return {
    name: 'postgres',
    empty,
    read: {
      words: 'COPY to a file (psql)',
      run: ({ url }) => {
        const output = path.join(workbench.folder, 'copied')
        return runProgram(path.join(programs, 'psql'), ['-Xqd', url, '-c', `COPY ${TABLE} TO STDOUT`], { output })
      },
    },
    dump: { words: 'pg_dump -Fc', run: ({ url }) => dump(url, path.join(workbench.folder, 'dump')) },
    load: {
      words: 'pg_restore --data-only',
      run: async ({ url }) => {
        const file = path.join(workbench.folder, 'dump')
        await dump(url, file)
        const target = await createDatabase(uri)
        await execute(target.uri, CREATE)
        const run = await runProgram(path.join(programs, 'pg_restore'), ['--data-only', '-d', target.uri, file])
        await target.drop()
        return run
      },
    },
  }
}

function databaseAt(url: string): BenchDatabase {
  const profit = (mark: number): string => `${mark}.25`
  const time = (mark: number): string => timeOfMark(mark).toISOString()
  const list = (ids: readonly number[]): string => `'{${ids.join(',')}}'::bigint[]`
  return {
    url,
    fill: (rows) => fill(url, rows),
    change: (ids, mark) =>
      execute(
        url,
        `UPDATE ${TABLE} SET profit_usd = ${profit(mark)}, ts = '${time(mark)}' WHERE id = ANY (${list(ids)})`,
      ),
    remove: (ids) => execute(url, `DELETE FROM ${TABLE} WHERE id = ANY (${list(ids)})`),
    count: async (mark) => {
      const where = mark === undefined ? '' : ` WHERE ts = '${time(mark)}'`
      const [row] = await query(url, `SELECT count(*) AS n FROM ${TABLE}${where}`)
      return Number(row?.['n'])
    },
    rowByRow: (ids, mark) =>
      connected(url, (client) =>
        timed(async () => {
          await client.query('BEGIN')
          const statement = { name: 'one', text: `UPDATE ${TABLE} SET profit_usd = $2, ts = $3 WHERE id = $1` }
          for (const id of ids) await client.query({ ...statement, values: [id, profit(mark), time(mark)] })
          await client.query('COMMIT')
        }),
      ),
  }
}

async function fill(url: string, rows: number): Promise<void> {
  await connected(url, async (client) => {
    const stream = client.query(from(`COPY ${TABLE} FROM STDIN`))
    const finished = once(stream, 'finish')
    await pipeline(Readable.from(blocks(rows)), stream)
    await finished
    await client.query(`SELECT setval(pg_get_serial_sequence('${TABLE}', 'id'), ${rows})`)
    await client.query(`VACUUM (ANALYZE) ${TABLE}`)
  })
}

function* blocks(rows: number): Generator<string> {
  for (let id = 1; id <= rows;) {
    let block = ''
    for (const end = Math.min(rows, id + 999); id <= end; id++) block += copyLine(rowAt(id))
    yield block
  }
}

/** A line in the text format of COPY; no value has a character that it would escape. */
function copyLine(row: BenchRow): string {
  const { id, user_id, username, ts, profit_usd, profit_sol, ticker, note, tags } = row
  const start = `${id}\t${user_id}\t${username}\t${ts.toISOString()}\t${profit_usd}\t${profit_sol}`
  return `${start}\t${ticker}\t${note ?? '\\N'}\t${JSON.stringify(tags)}\n`
}

async function connected<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
