/** Line 1 of every records file. It says which records the file holds, so that a file in the wrong place, or one merged with another file, is noticed. */
import { arrayText, objectText, stringText } from '../model/canonical.ts'
import type { CollectionSchema, Layout } from '../model/collection.ts'
import { DamagedError } from '../model/errors.ts'
import { layoutText, parseLayout } from './layout.ts'

/** A line of a file, for messages; the first is 1. */
export interface LinePlace {
  readonly path: string
  readonly line: number
}

/** The format of exports that this program writes and reads. */
export const FORMAT = 1

/** The content of the header line. */
export interface Header {
  readonly format: number
  readonly source: string
  readonly collection: string
  readonly key: readonly string[]
  readonly order: 'sorted' | 'kept'
  readonly layout: Layout
  readonly bucket: string
}

/** The header of one bucket of a collection. */
export function headerOf(
  at: { readonly source: string; readonly schema: CollectionSchema; readonly layout: Layout },
  bucket: string,
): Header {
  const { name, key, order } = at.schema
  return { format: FORMAT, source: at.source, collection: name, key, order, layout: at.layout, bucket }
}

/** The header line, without a line feed. */
export function headerText(header: Header): string {
  return objectText([
    ['format', String(header.format)],
    ['source', stringText(header.source)],
    ['collection', stringText(header.collection)],
    ['key', arrayText(header.key.map(stringText))],
    ['order', stringText(header.order)],
    ['layout', stringText(layoutText(header.layout))],
    ['bucket', stringText(header.bucket)],
  ])
}

/**
 * Reads a header line. It must be exactly the text that `headerText` gives.
 * @throws DamagedError naming path and line 1; for a newer format with the hint to upgrade
 */
export function parseHeader(line: string, path: string): Header {
  const header = headerFrom(line, path)
  if (headerText(header) !== line) throw new DamagedError({ path, line: 1 }, 'the header is not in its canonical form')
  return header
}

function headerFrom(line: string, path: string): Header {
  const value = parseObject(line, path)
  checkFormat(value['format'], { path, line: 1 })
  const layout = parseLayout(value['layout'])
  const { source, collection, key, order, bucket } = value
  if (typeof source !== 'string' || typeof collection !== 'string' || typeof bucket !== 'string' || !layout)
    throw new DamagedError({ path, line: 1 }, 'the header lacks source, collection, layout or bucket')
  if (!isNames(key) || (order !== 'sorted' && order !== 'kept'))
    throw new DamagedError({ path, line: 1 }, 'the header lacks key or order')
  return { format: FORMAT, source, collection, key, order, layout, bucket }
}

/** Checks a format number. @throws DamagedError when this program does not read it; for a newer format with the hint to upgrade */
export function checkFormat(format: unknown, place: LinePlace): void {
  if (format === FORMAT) return
  if (typeof format === 'number' && format > FORMAT)
    throw new DamagedError(place, `format ${format} is newer than this tandem reads (${FORMAT})`, {
      hint: 'Upgrade tandem.',
    })
  throw new DamagedError(place, 'no format number that tandem knows')
}

/** The JSON object in the text, its values as JavaScript reads them. @throws DamagedError at line 1 when it is none */
export function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new DamagedError({ path, line: 1 }, `expected a JSON object, found ${excerpt(text)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DamagedError({ path, line: 1 }, `expected a JSON object, found ${excerpt(text)}`)
  return value as Record<string, unknown>
}

/** True for a list of strings, such as field names. */
export function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}

/** The first 40 characters of a damaged text as a JSON string, safe to print. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
