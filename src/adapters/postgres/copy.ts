/** COPY in both directions: rows as batches of records, and lines into a table. Only this file knows the library for it, which is loaded on first use. */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { LiveRecord } from '../../model/change.ts'
import type { RecordBlock } from '../../model/packed-records.ts'
import { blockReader, recordReader } from './decode.ts'
import type { PgClient } from './session.ts'
import type { CodedField } from './values.ts'

/** A query for records: `select` returns exactly the columns `fields`, in this order; `key` names the key fields among them. */
export interface RecordQuery {
  readonly select: string
  readonly fields: readonly CodedField[]
  readonly key: readonly string[]
}

/** The records of a query, in one batch for each chunk that arrives. If the caller stops early, the rest is read and dropped, so that the connection stays usable. */
export async function* copyRecords(client: PgClient, query: RecordQuery): AsyncIterable<readonly LiveRecord[]> {
  const reader = recordReader(query.fields, query.key)
  for await (const chunk of copyChunks(client, query)) {
    const records = reader.read(chunk)
    if (records.length > 0) yield records
  }
  reader.end()
}

/** The same as blocks of bytes. */
export async function* copyRecordBlocks(client: PgClient, query: RecordQuery): AsyncIterable<RecordBlock> {
  const reader = blockReader(query.fields, query.key)
  for await (const chunk of copyChunks(client, query)) yield* reader.read(chunk)
  yield* reader.end()
}

async function* copyChunks(client: PgClient, { select }: RecordQuery): AsyncIterable<Buffer> {
  const { to } = await import('pg-copy-streams')
  const stream: Readable = client.query(to(`COPY (${select}) TO STDOUT`))
  let complete = false
  try {
    yield* stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
    complete = true
  } finally {
    if (!complete && !stream.errored) await drain(stream)
  }
}

/** All records of a query at once, for queries that are known to return few. */
export async function copyAll(client: PgClient, query: RecordQuery): Promise<LiveRecord[]> {
  const records: LiveRecord[] = []
  for await (const batch of copyRecords(client, query)) records.push(...batch)
  return records
}

/** Fills the table `target` (quoted for SQL; columns may follow in parentheses) with lines in COPY's text format. @throws the server's error, whose `where` tells the line's number */
export async function copyLines(client: PgClient, target: string, lines: Iterable<string>): Promise<void> {
  await copyBlocks(client, target, blocks(lines))
}

/** Like `copyLines`, for blocks of whole lines. */
export async function copyBlocks(
  client: PgClient,
  target: string,
  texts: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const { from } = await import('pg-copy-streams')
  const stream: Writable = client.query(from(`COPY ${target} FROM STDIN`))
  const finished = once(stream, 'finish')
  finished.catch(() => {}) // it is awaited below; if making the lines fails first, its error must not go unhandled
  try {
    for await (const block of texts) {
      if (stream.destroyed || stream.errored) break
      if (!stream.write(block)) await Promise.race([once(stream, 'drain'), finished])
    }
  } catch (error) {
    stream.destroy(error as Error) // tells the server that nothing more will come
    throw error
  }
  stream.end()
  await finished
}

function* blocks(lines: Iterable<string>): Iterable<string> {
  let block = ''
  for (const line of lines) {
    block += line
    if (block.length < 64 * 1024) continue
    yield block
    block = ''
  }
  if (block !== '') yield block
}

async function drain(stream: Readable): Promise<void> {
  if (stream.readableEnded) return
  stream.resume()
  await once(stream, 'end').catch(() => {})
}
