/** COPY as streams: rows out as batches of records, lines in. Separate so that the rest knows neither the protocol nor the library, which loads on first use. */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { LiveRecord } from '../../model/change.ts'
import { recordReader } from './decode.ts'
import type { Connection } from './session.ts'
import type { CodedField } from './values.ts'

/** A query whose columns are exactly `fields`, in this order. */
export interface RecordQuery {
  readonly select: string
  readonly fields: readonly CodedField[]
  readonly key: readonly string[]
}

/** The records of a query in batches of some hundred. When the consumer stops early the rest is read and dropped, so that the connection stays usable. */
export async function* copyRecords(client: Connection, query: RecordQuery): AsyncIterable<readonly LiveRecord[]> {
  const { to } = await import('pg-copy-streams')
  const reader = recordReader(query.fields, query.key)
  const stream: Readable = client.query(to(`COPY (${query.select}) TO STDOUT`))
  let complete = false
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const records = reader.read(chunk)
      if (records.length > 0) yield records
    }
    complete = true
  } finally {
    if (!complete && !stream.errored) await drain(stream)
  }
  reader.end()
}

/** All records of a query, for those that are known to be few. */
export async function copyAll(client: Connection, query: RecordQuery): Promise<LiveRecord[]> {
  const records: LiveRecord[] = []
  for await (const batch of copyRecords(client, query)) records.push(...batch)
  return records
}

/** Fills a table with lines in COPY's text format. Fails with the server's error, whose `where` counts lines. */
export async function copyLines(client: Connection, target: string, lines: Iterable<string>): Promise<void> {
  const { from } = await import('pg-copy-streams')
  const stream: Writable = client.query(from(`COPY ${target} FROM STDIN`))
  const finished = once(stream, 'finish')
  finished.catch(() => {}) // awaited below, unless making the lines fails first
  try {
    for (const block of blocks(lines)) {
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
