/**
 * From a whole document to a record and back. Unlike a nested document, a record always shows its `_id`, whatever its other names are. Omitted fields are taken out
 * and put back as bytes.
 */
import {
  type KeyText,
  type RecordText,
  type ValueText,
  arrayText,
  splitArray,
  splitObject,
} from '../../model/canonical.ts'
import { pairsText } from '../../model/documents.ts'
import { BSON, MAX_DOCUMENT_BYTES, valueEnd } from './bson-types.ts'
import { hasAmbiguousNames, pairsAt, plainObjectText, rawText, valueText } from './decode.ts'
import { documentBytes, elementBytes, encodeValue, objectElements, pairElements } from './encode.ts'

/** One top-level field of a document: its name and the bytes of the whole element (type, name, value). */
export interface Element {
  readonly name: string
  readonly bytes: Buffer
}

/**
 * The record of a document: `{"_id":…,"a":…}`. Where names are ambiguous in JSON it is `{"_id":…,"$doc":[[name,value],…]}`; the list has the other fields, or all fields
 * if `_id` is not the first or occurs twice. Where the document is not well formed it is its bytes, `{"_id":…,"$bson":"object:…"}`.
 * @throws SyntaxError when the bytes are no document with an `_id`
 */
export function recordText(bytes: Buffer): RecordText {
  const whole = { start: 0, end: bytes.length }
  const pairs = bytes.length < 5 ? undefined : pairsAt(bytes, whole)
  if (pairs === undefined) return `{"_id":${idText(bytes)},"$bson":${rawText(bytes, BSON.object, whole).slice(9)}`
  if (!hasAmbiguousNames(pairs) && pairs.some(([name]) => name === '_id')) {
    return plainObjectText(pairs)
  }
  const others = pairs.filter(([name]) => name !== '_id')
  const leading = pairs[0]?.[0] === '_id' && others.length === pairs.length - 1
  return `{"_id":${idText(bytes)},"$doc":${pairsText(leading ? others : pairs)}}`
}

/** The key of a document, `[<text of _id>]`. @throws SyntaxError when it has none */
export function keyText(bytes: Buffer): KeyText {
  return arrayText([idText(bytes)])
}

function idText(bytes: Buffer): ValueText {
  const id = elementsOf(bytes).find(({ name }) => name === '_id')
  if (id === undefined) throw new SyntaxError('a document without _id')
  return valueText(id.bytes, id.bytes[0] ?? 0, { start: 5, end: id.bytes.length })
}

/**
 * The document of a record text.
 * @throws SyntaxError when `recordText` would write another text for this document, so that it would be exported otherwise, or when it is too large for MongoDB
 */
export function recordBytes(text: RecordText): Buffer {
  const bytes = bytesOf(splitObject(text))
  if (bytes.length > MAX_DOCUMENT_BYTES)
    throw new SyntaxError(`a document of ${bytes.length} bytes; MongoDB stores up to 16 MiB`)
  const again = recordText(bytes)
  if (again !== text) throw new SyntaxError(`not in canonical form; it would be exported as ${again.slice(0, 200)}`)
  return bytes
}

function bytesOf(fields: ReadonlyMap<string, ValueText>): Buffer {
  const id = fields.get('_id')
  if (id === undefined) throw new SyntaxError('a record without _id')
  const raw = fields.get('$bson')
  if (raw !== undefined) return encodeValue(`{"$bson":${raw}}`).bytes
  const list = fields.get('$doc')
  if (list === undefined) return documentBytes(objectElements(fields))
  const holdsId = splitArray(list).some((pair) => splitArray(pair)[0] === '"_id"')
  return documentBytes([...(holdsId ? [] : [elementBytes('_id', encodeValue(id))]), ...pairElements(list)])
}

/** The document `{_id: …}` of a record's key, as bytes. @throws SyntaxError when the key is not a text that `keyText` writes */
export function idDocument(key: KeyText): Buffer {
  const [id, ...rest] = splitArray(key)
  if (id === undefined || rest.length > 0) throw new SyntaxError(`${key} is no key of a document`)
  return documentBytes([elementBytes('_id', encodeValue(id))])
}

/** The top-level fields of a document, in order; the bytes are views, not copies. @throws SyntaxError when the bytes are no document */
export function elementsOf(bytes: Buffer): Element[] {
  const elements: Element[] = []
  const last = bytes.length - 1
  let at = 4
  while (at < last) {
    const start = bytes.indexOf(0, at + 1) + 1
    const end = start === 0 ? -1 : valueEnd(bytes, { type: bytes[at] ?? 0, start, limit: last })
    if (end < 0) throw new SyntaxError('a malformed document')
    elements.push({ name: bytes.toString('utf8', at + 1, start - 1), bytes: bytes.subarray(at, end) })
    at = end
  }
  return elements
}

/** The document without the named top-level fields. */
export function withoutFields(bytes: Buffer, names: readonly string[]): Buffer {
  if (names.length === 0) return bytes
  const elements = elementsOf(bytes)
  const kept = elements.filter(({ name }) => !names.includes(name))
  return kept.length === elements.length ? bytes : documentBytes(kept.map((element) => element.bytes))
}

/** The document `after` with the named fields as `live` has them, each behind the field that it follows in `live`. */
export function withLiveFields(after: Buffer, live: Buffer, names: readonly string[]): Buffer {
  if (names.length === 0) return after
  const result = elementsOf(after).filter(({ name }) => !names.includes(name))
  let position = 0
  for (const element of elementsOf(live)) {
    const index = result.findIndex(({ name }) => name === element.name)
    if (names.includes(element.name)) result.splice(position++, 0, element)
    else if (index >= 0) position = index + 1
  }
  return documentBytes(result.map((element) => element.bytes))
}
