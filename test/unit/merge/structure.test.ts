/** Two structures compared: only additions are ever offered, and everything else is told. */
import { describe, expect, test } from 'vitest'
import { structureProblems } from '../../../src/merge/structure-problems.ts'
import { structureDifference } from '../../../src/merge/structure.ts'
import type { CollectionSchema, FieldSchema } from '../../../src/model/collection.ts'
import { changedSchema, parseEnum, sameStructure } from '../../../src/model/schema-change.ts'

const field = (name: string, type = 'text'): FieldSchema => ({ name, type })
const NONE: CollectionSchema = {
  name: 'orders',
  fields: [field('id'), field('title')],
  key: ['id'],
  uniques: [],
  references: [],
  order: 'sorted',
}
const having = (...fields: readonly FieldSchema[]): CollectionSchema => ({ ...NONE, fields: [field('id'), ...fields] })
const state = (...labels: readonly string[]): CollectionSchema =>
  having(field('state', `enum(${labels.map((label) => JSON.stringify(label)).join(',')})`))

describe('what one side added', () => {
  test('is offered where live lacks it, and makes both equal', () => {
    const wanted: CollectionSchema = {
      ...having(field('title'), field('a "b"'), field('to')),
      uniques: [['title', 'to']],
      references: [{ fields: ['to'], to: 'people', toFields: ['id'] }],
    }
    const found = structureDifference({ live: NONE, wanted, base: NONE })
    expect(found.obstacles).toEqual([])
    expect(found.lacks).toEqual([
      '"a \\"b\\"" text',
      'to text',
      'the unique key (title, to)',
      'the reference (to) to people',
    ])
    const sorted = { ...wanted, fields: [field('a "b"'), field('id'), field('title'), field('to')] }
    expect(sameStructure(changedSchema(NONE, found.additions), sorted)).toBe(true)
  })

  test('is no matter where only live has it', () => {
    const live = { ...having(field('title'), field('size')), uniques: [['size']] }
    expect(structureDifference({ live, wanted: NONE, base: NONE })).toEqual({ additions: [], lacks: [], obstacles: [] })
    expect(structureDifference({ live, wanted: NONE, base: undefined }).obstacles).toEqual([
      'size text is only in this database',
      'the unique key (size) is only in this database',
    ])
  })

  test('goes both ways at once where both added something', () => {
    const found = structureDifference({
      live: having(field('title'), field('a')),
      wanted: having(field('title'), field('b')),
      base: NONE,
    })
    expect([found.lacks, found.obstacles]).toEqual([['b text'], []])
  })
})

describe('labels of an enumeration', () => {
  test.each([
    [
      ['new', 'done'],
      ['new', 'paid', 'sent', 'done'],
    ],
    [['b'], ['a', 'b', 'c']],
    [[], ['a', 'b']],
    [
      ['new', 'mine', 'done'],
      ['new', 'theirs', 'done'],
    ],
  ])('%j gets those of %j in their places', (ours, theirs) => {
    const base = state(...ours.filter((label) => theirs.includes(label)))
    const found = structureDifference({ live: state(...ours), wanted: state(...theirs), base })
    expect(found.obstacles).toEqual([])
    const after = parseEnum(changedSchema(state(...ours), found.additions).fields[1]?.type ?? '')?.labels ?? []
    expect(after.filter((label) => theirs.includes(label))).toEqual(theirs)
    expect(after.filter((label) => ours.includes(label))).toEqual(ours)
  })

  test.each([
    ['were dropped there', ['a', 'b'], ['a'], ['a', 'b']],
    ['were dropped here', ['a'], ['a', 'b'], ['a', 'b']],
    ['stand in another order', ['a', 'b'], ['b', 'a', 'c'], ['a', 'b']],
  ])('that %s are no addition', (_, ours, theirs, base) => {
    const found = structureDifference({ live: state(...ours), wanted: state(...theirs), base: state(...base) })
    expect([found.additions, found.obstacles.length]).toEqual([[], 1])
  })

  test('are told from a text that only looks like them', () => {
    expect(parseEnum('enum("a","b")[]')).toEqual({ labels: ['a', 'b'], arrays: '[]' })
    for (const type of ['enum(a)', 'enum("a", "b")', 'enum("a"); DROP TABLE x; --', 'text', 'enum(1)'])
      expect(parseEnum(type)).toBeUndefined()
  })
})

describe('what is no addition', () => {
  test.each<[string, Partial<Record<'live' | 'wanted' | 'base', CollectionSchema>>, RegExp]>([
    [
      'a rename there',
      { wanted: having(field('label')) },
      /^title is gone from the exports, where label of the same type appeared: if title was renamed/,
    ],
    ['a drop there', { wanted: having() }, /^title is gone from the exports$/],
    ['a drop here', { live: having() }, /^title text was dropped here and is still in the exports$/],
    ['a conversion', { wanted: having(field('title', 'integer')) }, /^title is text here, integer in the exports$/],
    [
      'a field that became required',
      { wanted: having({ ...field('title'), required: true }) },
      /^title is required in the exports, not here$/,
    ],
    ['another key', { wanted: { ...NONE, key: ['title'] } }, /^the key is \(id\) here, \(title\) in the exports$/],
    [
      'a unique key over what is here',
      { wanted: { ...NONE, uniques: [['title']] } },
      /^the unique key \(title\) is only in the exports$/,
    ],
    [
      'a field that numbers itself',
      { wanted: having(field('title'), { ...field('no', 'int8'), serial: true }) },
      /^no int8, which numbers itself/,
    ],
  ])('%s stops, and is told', (_, structures, words) => {
    const found = structureDifference({ live: NONE, wanted: NONE, base: NONE, ...structures })
    expect(found.obstacles).toEqual([expect.stringMatching(words)])
  })

  test.each<[string, Partial<CollectionSchema>, string]>([
    ['a name that hides', { fields: [field('id'), field('a\u202eb')] }, '"a\u202eb" is no name'],
    ['a field named twice', { fields: [field('id'), field('ID')] }, '"ID" is named twice'],
    ['a key of no field', { key: ['nothing'] }, '"nothing" is no field'],
    ['no key', { key: [] }, 'it has no key'],
    [
      'a reference to nothing',
      { references: [{ fields: ['title'], to: 'x', toFields: ['id'] }] },
      'it refers to "x", which takes no part',
    ],
    [
      'an uneven reference',
      { references: [{ fields: ['title'], to: 'orders', toFields: [] }] },
      'its reference to "orders" pairs 1 fields with 0',
    ],
  ])('%s is found before anything is made of it', (_, wrong, words) => {
    expect(structureProblems(NONE, new Map())).toEqual([])
    expect(structureProblems({ ...NONE, ...wrong }, new Map())).toContain(words)
  })
})
