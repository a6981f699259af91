/** What looks like a reference, by its name and its values, and what is proposed to be declared. */
import { expect, test } from 'vitest'
import { keyOwners, type LookedAt } from '../../../../src/merge/rekeying/field-use.ts'
import { discriminatorOf, measures, namesKeyOf, resembles } from '../../../../src/merge/rekeying/names.ts'
import { proposalText, proposeReferences } from '../../../../src/merge/rekeying/proposals.ts'
import { holdings, suspects } from '../../../../src/merge/rekeying/suspects.ts'
import type { KnownField } from '../../../../src/model/known-field.ts'

test.each([
  ['artist_id', 'artist', true],
  ['artistId', 'artists', true],
  ['main_artist_id', 'public.artists', true],
  ['category_id', 'categories', true],
  ['box_no', 'boxes', true],
  ['id', 'artist', false],
  ['bartist_id', 'artist', false],
  ['artist', 'artist', false],
  ['artist_name', 'artist', false],
])('%s may name the key of %s: %s', (field, collection, expected) => {
  expect(namesKeyOf(field, collection)).toBe(expected)
})

test.each([
  ['artist', 'artists', true],
  ['artistid', 'Artist', true],
  ['fk_artist', 'artist', true],
  ['place_id', 'moz_places', true],
  ['artist_name', 'artist', false],
  ['bartist', 'artist', false],
])('%s resembles %s: %s', (field, collection, expected) => {
  expect(resembles(field, collection)).toBe(expected)
})

test('a field beside an id says which collection is meant', () => {
  expect(discriminatorOf('subject_id', ['id', 'subject_id', 'subject_type'])).toBe('subject_type')
  expect(discriminatorOf('object_id', ['content_type_id', 'object_id'])).toBe('content_type_id')
  expect(discriminatorOf('itemId', ['itemId', 'itemType'])).toBe('itemType')
  expect(discriminatorOf('artist_id', ['artist_id', 'type'])).toBeUndefined()
})

test('what counts or measures is told by its name', () => {
  for (const name of ['quantity', 'sort_order', 'created_at', 'is_open', 'playCount']) expect(measures(name)).toBe(true)
  for (const name of ['parent', 'fk', 'object_id', 'owner', 'from_visit']) expect(measures(name)).toBe(false)
})

/** A collection with these records, by their field `id`. */
function collectionOf(
  name: string,
  records: readonly Readonly<Record<string, unknown>>[],
  more: Partial<LookedAt> = {},
): LookedAt {
  const known = new Map<string, KnownField>()
  const entries = records.map((record) => [JSON.stringify([record['id']]), JSON.stringify(record)] as const)
  return { name, key: ['id'], serial: true, records: new Map(entries), known, references: [], ...more }
}

const artist = collectionOf('artist', [{ id: 191 }])

const names = ['album', 'artist', 'note', 'visit']

function suspected(record: string, known: readonly string[] = [], theirs?: string): string[] {
  const note = collectionOf('note', [], {
    records: new Map([['["a"]', record]]),
    serial: false,
    known: new Map(known.map((field) => [field, 'always'])),
  })
  const lines = [
    { base: new Map(), theirs: new Map([['note', new Map(theirs === undefined ? [] : [['["a"]', theirs]])]]) },
  ]
  const collections = [artist, note]
  const found = holdings(collections, [{ collection: 'artist', key: '[191]', line: 0 }])
  return suspects(found, { collections, owners: keyOwners(collections), lines, names }).map(
    ({ collection, field }) => `${collection.name}.${field}`,
  )
}

test('a field, a pair of type and id, and an id inside JSON are suspected when they hold the very number', () => {
  expect(suspected('{"artist_id":191}')).toEqual(['note.artist_id'])
  expect(suspected('{"artist_id":"191"}')).toEqual(['note.artist_id'])
  expect(suspected('{"artist_id":192}')).toEqual([])
  expect(suspected('{"subject_id":191,"subject_type":"Artist"}')).toEqual(['note.subject_id'])
  expect(suspected('{"subject_id":191,"subject_type":"Album"}')).toEqual([])
  expect(suspected('{"data":{"who":[{"artistId":191}]}}')).toEqual(['note.data'])
  expect(suspected(JSON.stringify({ data: '{"artist_id": 191}' }))).toEqual(['note.data'])
  expect(suspected('{"data":{"artistId":1910}}')).toEqual([])
})

test('what is declared, said to be none, or came with the other side is not suspected', () => {
  expect(suspected('{"artist_id":191}', ['artist_id'])).toEqual([])
  expect(suspected('{"artist_id":191}', [], '{"artist_id":191}')).toEqual([])
})

test('a field of any name is suspected when most of its values are keys of the collection, and no measure is', () => {
  expect(suspected('{"fk":191}')).toEqual(['note.fk'])
  expect(suspected('{"quantity":191}')).toEqual([])
  expect(suspected('{"subject_id":191,"subject_type":"a"}')).toEqual(['note.subject_id'])
})

test("of two records of one number that look alike each may be its own side's", () => {
  const visit = collectionOf('visit', [{ id: 1, place: 191 }])
  const lines = [{ base: new Map(), theirs: new Map([['visit', visit.records]]) }]
  const collections = [artist, visit]
  const found = holdings(collections, [{ collection: 'artist', key: '[191]', line: 0 }])
  expect(suspects(found, { collections, owners: keyOwners(collections), lines, names })).toHaveLength(1)
})

function proposed(collections: readonly LookedAt[], ...parents: readonly string[]): unknown {
  return JSON.parse(`{${proposalText(proposeReferences({ collections, parents: new Set(parents) }))}}`)
}

test('each field gets the likeliest collection: by its name, into itself, by its values', () => {
  const places = collectionOf('places', [{ id: 1 }, { id: 2 }, { id: 3 }])
  const visits = collectionOf('visits', [
    { id: 1, place_id: 3, from_visit: null },
    { id: 2, place_id: 3, from_visit: 1 },
  ])
  const bookmarks = collectionOf('bookmarks', [
    { id: 1, fk: null, parent: null, position: 1, title: 'menu' },
    { id: 2, fk: 1, parent: 1, position: 1, title: '3' },
    { id: 3, fk: 3, parent: 1, position: 2, title: 'c' },
  ])
  expect(proposed([places, visits, bookmarks], 'places')).toEqual({
    visits: { references: { place_id: 'places', from_visit: 'visits' } },
    bookmarks: { references: { fk: 'places', parent: 'bookmarks' } },
  })
})

test('where a type stands beside an id, each type gets its collection: by its name, or by the row of the table of types', () => {
  const posts = collectionOf('blog_post', [{ id: 1 }, { id: 2 }])
  const photos = collectionOf('photos', [{ id: 1 }])
  const types = collectionOf('content_type', [
    { id: 7, app: 'blog', model: 'post' },
    { id: 8, app: 'old', model: 'gone' },
  ])
  const tags = collectionOf(
    'tag',
    [
      { id: 1, content_type_id: 7, object_id: 2 },
      { id: 2, content_type_id: 8, object_id: 99 },
    ],
    {
      references: [{ fields: ['content_type_id'], to: 'content_type', toFields: ['id'] }],
      known: new Map([['content_type_id', 'always']]),
    },
  )
  const likes = collectionOf('likes', [{ id: 1, subject_type: 'App\\Models\\Photo', subject_id: 1 }])
  expect(proposed([posts, photos, types, tags, likes], 'blog_post', 'photos')).toEqual({
    tag: { references: { object_id: { by: 'content_type_id', to: { 7: 'blog_post', 8: 'none' } } } },
    likes: { references: { subject_id: { by: 'subject_type', to: { 'App\\Models\\Photo': 'photos' } } } },
  })
})
