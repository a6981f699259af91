/**
 * Documents whose names JSON would make ambiguous: a name that begins with `$`, looks like an integer, is `__proto__` or occurs twice. Their text is a list,
 * `{"$doc":[["2024",5],["name","x"]]}`, and that of a whole record `{"_id":1,"$doc":[["2024",5]]}`. This file reads and writes both forms field by field, so that such a document merges
 * like any other. docs/format.md specifies the forms.
 */
import { type ValueText, arrayText, objectText, splitArray, splitObject, stringText } from './canonical.ts'

/** A field with its value. */
type Entry = readonly [name: string, value: ValueText]

/** True for a name that readers of JSON would reorder, refuse or misread. */
export function isAmbiguousName(name: string): boolean {
  return name.startsWith('$') || name === '__proto__' || /^(?:0|[1-9]\d*)$/.test(name)
}

/** Fields as a list: `[["a",1],["a",2]]`. */
export function pairsText(entries: Iterable<Entry>): ValueText {
  return arrayText([...entries].map(([name, value]) => arrayText([stringText(name), value])))
}

/** True for a document in list form whose names are all different. A jsonb value is never taken for one: PostgreSQL writes a space behind the colon. */
export function isListedDocument(text: ValueText): boolean {
  return text.startsWith('{"$doc":[') && listed(text) !== undefined
}

/** The fields of a record or document by name, in their order, also where it is in list form. @throws SyntaxError when the text is no JSON object */
export function documentFields(text: ValueText): Map<string, ValueText> {
  return (text.includes('"$doc":[') ? listed(text) : undefined) ?? splitObject(text)
}

/** The fields of a text in list form; undefined when it has another form, or a name occurs twice. */
function listed(text: ValueText): Map<string, ValueText> | undefined {
  const outer = splitObject(text)
  const list = outer.get('$doc')
  const id = outer.get('_id')
  if (list === undefined || !list.startsWith('[') || outer.size !== (id === undefined ? 1 : 2)) return undefined
  const parts = splitArray(list)
  if (!parts.every((part) => part.startsWith('["'))) return undefined
  const pairs = parts.map(pairOf)
  const fields = new Map(pairs)
  if (fields.size < pairs.length) return undefined
  return id === undefined || fields.has('_id') ? fields : new Map([['_id', id], ...fields])
}

function pairOf(text: ValueText): Entry {
  const [name = '""', value = 'null'] = splitArray(text)
  return [JSON.parse(name) as string, value]
}

/** The text of a document inside a record, with its fields in the order given. */
export function documentText(entries: readonly Entry[]): ValueText {
  return entries.some(([name]) => isAmbiguousName(name)) ? `{"$doc":${pairsText(entries)}}` : objectText(entries)
}

/** The text of a whole record of a document database, with its fields in the order given. Its `_id` is always shown. */
export function documentRecordText(entries: readonly Entry[]): ValueText {
  if (!entries.some(([name]) => isAmbiguousName(name))) return objectText(entries)
  const id = entries.find(([name]) => name === '_id')
  const others = entries.filter(([name]) => name !== '_id')
  const shown = id === undefined ? '' : `"_id":${id[1]},`
  return `{${shown}"$doc":${pairsText(entries[0] === id ? others : entries)}}`
}

/** These fields in the form of `text`: they are fields of it, some perhaps changed or left out. */
export function textLike(text: ValueText, entries: readonly Entry[]): ValueText {
  if (!text.includes('"$doc":[') || listed(text) === undefined) return objectText(entries)
  return text.startsWith('{"_id":') ? documentRecordText(entries) : documentText(entries)
}
