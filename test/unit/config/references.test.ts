/** What the option `references` declares: to one collection, to none, or to several of which another field tells. */
import { expect, test } from 'vitest'
import { knownReferences, referencesFor } from '../../../src/config/references.ts'
import type { CollectionSchema } from '../../../src/model/collection.ts'
import { source } from './support.ts'

function table(name: string, references: CollectionSchema['references'] = []): CollectionSchema {
  return { name, fields: [], key: ['id'], uniques: [], references, order: 'sorted' }
}

const artist = table('artist')
const label = table('label')
const note = table('note', [{ fields: ['owner'], to: 'label', toFields: ['id'] }])
const schemas = [artist, label, note]
const configured = (references: Readonly<Record<string, unknown>>) =>
  source({ collections: { note: { references: references as Record<string, string> } } })

test('a field refers to the key of a collection, or to none', () => {
  const config = configured({ artist_id: 'artist', rating: 'none', stars: false })
  expect(referencesFor(config, note, schemas)).toEqual([
    ...note.references,
    { fields: ['artist_id'], to: 'artist', toFields: ['id'] },
  ])
  expect([...knownReferences(config, note, schemas).keys()]).toEqual(['artist_id', 'rating', 'stars', 'owner'])
})

test('another field says which collection is meant', () => {
  const config = configured({
    subject_id: { by: 'subject_type', to: { Artist: 'artist', Label: 'label', Old: 'none' } },
  })
  expect(referencesFor(config, note, schemas).slice(1)).toEqual([
    { fields: ['subject_id'], to: 'artist', toFields: ['id'], when: { field: 'subject_type', value: 'Artist' } },
    { fields: ['subject_id'], to: 'label', toFields: ['id'], when: { field: 'subject_type', value: 'Label' } },
  ])
  expect(knownReferences(config, note, schemas).get('subject_id')).toEqual({
    by: 'subject_type',
    values: new Set(['Artist', 'Label', 'Old']),
  })
})

test('a name that no collection has declares nothing', () => {
  const config = configured({ artist_id: 'artits', subject_id: { by: 'subject_type', to: { Artist: 'artits' } } })
  expect(referencesFor(config, note, schemas)).toEqual(note.references)
  const known = knownReferences(config, note, schemas)
  expect(known.has('artist_id')).toBe(false)
  expect(known.get('subject_id')).toEqual({ by: 'subject_type', values: new Set() })
})

test('a counter and the time of a record are no references', () => {
  const config = source({ collections: { note: { counters: ['wins'], newest: 'edited' } } })
  expect([...knownReferences(config, note, schemas).keys()]).toEqual(['wins', 'edited', 'owner'])
})
