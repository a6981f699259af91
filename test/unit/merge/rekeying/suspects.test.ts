/** What looks like a reference, by its name. */
import { expect, test } from 'vitest'
import { namesKeyOf, suspects, type SuspectCollection } from '../../../../src/merge/rekeying/suspects.ts'
import type { Follower } from '../../../../src/merge/rekeying/following.ts'

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

const blue: Follower = {
  collection: 'artist',
  key: '[191]',
  record: '{"id":191}',
  line: 0,
  splits: true,
  fields: new Map([['id', { kind: 'drawn' }]]),
}

function suspected(record: string, known: readonly string[] = [], theirs?: string): string[] {
  const note: SuspectCollection = { name: 'note', live: new Map([['["a"]', record]]), known: new Set(known) }
  const lines = [
    { base: new Map(), theirs: new Map([['note', new Map(theirs === undefined ? [] : [['["a"]', theirs]])]]) },
  ]
  return suspects([note], [blue], lines).map(({ collection, field }) => `${collection}.${field}`)
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
