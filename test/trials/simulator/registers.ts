/**
 * A record taken apart into registers, the smallest things that are merged for themselves: a field, a path in a document, a member of a set, a counter, the
 * critical group. The oracle thinks in registers; only here are they turned into records and back.
 */
import { arrayText, compareBytes, type RecordText, splitArray, splitObject } from '../../../src/model/canonical.ts'
import type { MergeRules } from '../../../src/model/rules.ts'

/** `undefined` where the register is absent: a missing field, a member that is not in the set. */
export type Registers = readonly (string | undefined)[]

export interface Shape {
  readonly rules: MergeRules
  /** Names, in the order of the values in `Registers`. */
  readonly names: readonly string[]
  /** Position of the counter and of the timestamp; -1 without. */
  readonly counter: number
  readonly time: number
  /** Registers that no law is told of: what a merge does there is not a choice between values. */
  readonly loose: ReadonlySet<number>
  /** Known texts, taken apart: histories ask for the same few records again and again. */
  readonly known: Map<RecordText, Registers>
}

export const MEMBERS: readonly string[] = ['"x"', '"y"', '"z"']

/** The registers of a record under these rules: `critical`, `arrays` and `counters` name the fields g1, g2, tags and n, or nothing. */
export function shapeOf(rules: MergeRules): Shape {
  const group = rules.critical.length > 0 ? ['g1 + g2'] : ['g1', 'g2']
  const tags = rules.arrays['tags'] === 'set' ? MEMBERS.map((member) => `tags ${member}`) : ['tags']
  const names = ['a', 'b', 'doc', 'doc.in', 'doc.in.x', 'doc.p', 'doc.q', ...group, 'n', 't', ...tags]
  const counter = rules.counters.length > 0 ? names.indexOf('n') : -1
  const isLoose = (name: string): boolean => rules.serialKey || (name === 'tags' && rules.arrays['tags'] !== undefined)
  const loose = new Set(names.flatMap((name, register) => (isLoose(name) ? [register] : [])))
  return { rules, names, counter, time: names.indexOf('t'), loose, known: new Map() }
}

/** A record's registers; all absent for no record. */
export function takeApart(text: RecordText | undefined, shape: Shape): Registers {
  if (text === undefined) return shape.names.map(() => undefined)
  const known = shape.known.get(text)
  if (known !== undefined) return known
  const fields = splitObject(text)
  const doc = inside(fields.get('doc'))
  const inner = inside(doc.get('in'))
  const registers = shape.names.map((name) => readRegister(name, { fields, doc, inner }))
  if (shape.known.size > 5000) shape.known.clear()
  shape.known.set(text, registers)
  return registers
}

type Fields = ReadonlyMap<string, string>

function readRegister(name: string, parts: { fields: Fields; doc: Fields; inner: Fields }): string | undefined {
  const { fields, doc, inner } = parts
  if (name === 'doc') return kindAt(fields.get('doc'))
  if (name === 'doc.in') return kindAt(doc.get('in'))
  if (name === 'doc.in.x') return inner.get('x')
  if (name.startsWith('doc.')) return doc.get(name.slice(4))
  if (name === 'g1 + g2') return groupOf(fields)
  if (name.startsWith('tags ')) return splitArray(fields.get('tags') ?? '[]').includes(name.slice(5)) ? 'in' : undefined
  return fields.get(name)
}

const isDocument = (text: string | undefined): boolean => text?.startsWith('{') === true

function inside(text: string | undefined): Fields {
  return splitObject(isDocument(text) ? (text as string) : '{}')
}

/** A place that may hold a document is a register too: that there is one, or the other value, or nothing. */
function kindAt(text: string | undefined): string | undefined {
  return isDocument(text) ? DOCUMENT : text
}

/** What a register of a document's place holds; what is in the document has registers of its own. */
export const DOCUMENT = '{'

/** The group as one value; absent when all of it is. */
function groupOf(fields: Fields): string | undefined {
  const text = present([
    ['g1', fields.get('g1')],
    ['g2', fields.get('g2')],
  ])
  return text === '{}' ? undefined : text
}

/** The registers a write of these says something about: a write inside a document says that there is one; one that puts there what is none takes all that was in it. */
export function impliedBy(written: ReadonlySet<number>, after: Registers, { names }: Shape): Set<number> {
  const implied = new Set(written)
  for (const [place, name] of names.entries()) {
    const inner = names.flatMap((other, register) => (other.startsWith(`${name}.`) ? [register] : []))
    if (after[place] === DOCUMENT && inner.some((register) => written.has(register))) implied.add(place)
    if (after[place] !== DOCUMENT && written.has(place)) for (const register of inner) implied.add(register)
  }
  return implied
}

/** The record text of registers. */
export function putTogether(registers: Registers, shape: Shape): RecordText {
  const value = (name: string): string | undefined => registers[shape.names.indexOf(name)]
  const group = shape.rules.critical.length > 0 ? splitObject(value('g1 + g2') ?? '{}') : undefined
  const [g1, g2] = ['g1', 'g2'].map((name) => (group === undefined ? value(name) : group.get(name)))
  const tags = shape.rules.arrays['tags'] === 'set' ? memberText(value) : value('tags')
  const inner = value('doc.in') === DOCUMENT ? present([['x', value('doc.in.x')]]) : value('doc.in')
  const parts = [
    ['in', inner],
    ['p', value('doc.p')],
    ['q', value('doc.q')],
  ] as const
  const doc = value('doc') === DOCUMENT ? present(parts) : value('doc')
  return present([
    ['a', value('a')],
    ['b', value('b')],
    ['doc', doc],
    ['g1', g1],
    ['g2', g2],
    ['id', '1'],
    ['n', value('n')],
    ['t', value('t')],
    ['tags', tags],
  ])
}

function memberText(value: (name: string) => string | undefined): string {
  return arrayText(MEMBERS.filter((member) => value(`tags ${member}`) !== undefined).sort(compareBytes))
}

/** Names here need no escapes. */
function present(entries: readonly (readonly [string, string | undefined])[]): RecordText {
  let text = ''
  for (const [name, value] of entries)
    if (value !== undefined && value !== '') text += `${text === '' ? '' : ','}"${name}":${value}`
  return `{${text}}`
}
