/** Drift: of three structures (the sync point's, HEAD's, live's), who moved, and in which words a collection is held for it. */
import { describe, expect, test } from 'vitest'
import type { CommittedCollection } from '../../../src/exports/committed.ts'
import type { CollectionSchema, FieldSchema, Selection } from '../../../src/model/collection.ts'
import { differenceOf, driftOf, driftReason, isRemodelled, droppedFields } from '../../../src/schema/drift.ts'

const ID: FieldSchema = { name: 'id', type: 'int8', required: true }
const NOTE: FieldSchema = { name: 'note', type: 'text' }
const SCORE: FieldSchema = { name: 'score', type: 'int4' }

function schema(fields: readonly FieldSchema[], more: Partial<CollectionSchema> = {}): CollectionSchema {
  return { name: 'traders', fields, key: ['id'], uniques: [], references: [], order: 'sorted', ...more }
}

function live(fields: readonly FieldSchema[], more: Partial<CollectionSchema> = {}): Selection {
  return { schema: schema(fields, more), omit: [], derived: [] }
}

function committed(fields: readonly FieldSchema[], more: Partial<CollectionSchema> = {}): CommittedCollection {
  const place = { folder: 'exports/app/traders', buckets: new Map(), fileId: '' }
  return { ...place, source: 'app', schema: schema(fields, more), layout: { kind: 'single' } }
}

describe('the structure', () => {
  test('that HEAD does not have yet has not drifted', () => {
    expect(driftOf(live([ID]), { base: undefined, head: undefined })).toBe('none')
    expect(driftOf(live([ID]), { base: committed([ID, NOTE]), head: undefined })).toBe('none')
  })

  test('that is HEAD’s has not drifted, wherever both came from', () => {
    for (const base of [undefined, committed([ID]), committed([ID, NOTE])])
      expect(driftOf(live([ID, NOTE]), { base, head: committed([ID, NOTE]) })).toBe('none')
  })

  test('is the same in whatever order its fields are listed, and in whatever layout the files are', () => {
    const head = { ...committed([NOTE, ID]), layout: { kind: 'hash', bits: 4 } } as const
    expect(driftOf(live([ID, NOTE]), { base: undefined, head })).toBe('none')
  })

  test('of a collection without any field is compared like every other', () => {
    expect(driftOf(live([]), { base: undefined, head: committed([]) })).toBe('none')
    expect(driftOf(live([], { key: ['_id'] }), { base: committed([]), head: committed([]) })).toBe('migrated-here')
  })

  test('that never agreed with HEAD’s is held', () => {
    expect(driftOf(live([ID, NOTE]), { base: undefined, head: committed([ID]) })).toBe('held')
    expect(driftOf(live([ID]), { base: undefined, head: committed([ID, NOTE]) })).toBe('held')
  })
})

describe('where only one side moved since the sync point', () => {
  test.each([
    ['added a field', live([ID, NOTE, SCORE])],
    ['dropped a field', live([ID])],
    ['converted a field', live([ID, { ...NOTE, type: 'jsonb' }])],
    ['has another key', live([ID, NOTE], { key: ['note'] })],
    ['has a unique key more', live([ID, NOTE], { uniques: [['note']] })],
  ])('live, which %s, was migrated here', (_what, selection) => {
    const before = committed([ID, NOTE])
    expect(driftOf(selection, { base: before, head: before })).toBe('migrated-here')
    expect(driftReason(selection, { base: before, head: before })).toBeUndefined()
  })

  test.each([
    ['added a field', committed([ID, NOTE, SCORE])],
    ['dropped a field', committed([ID])],
    ['converted a field', committed([ID, { ...NOTE, type: 'jsonb' }])],
    ['requires a field', committed([ID, { ...NOTE, required: true }])],
  ])('HEAD, which %s, holds the collection', (_what, head) => {
    expect(driftOf(live([ID, NOTE]), { base: committed([ID, NOTE]), head })).toBe('held')
  })
})

describe('where both moved since the sync point', () => {
  const base = committed([ID])

  test('live that has all that HEAD has, and more, was migrated here', () => {
    expect(driftOf(live([ID, NOTE, SCORE]), { base, head: committed([ID, NOTE]) })).toBe('migrated-here')
  })

  test('live that lacks something of HEAD’s is held, whatever it has beyond', () => {
    expect(driftOf(live([ID, SCORE]), { base, head: committed([ID, NOTE]) })).toBe('held')
  })

  test('one field that both added with different types is held', () => {
    const head = committed([ID, { ...SCORE, type: 'text' }])
    expect(driftReason(live([ID, SCORE]), { base, head })).toMatch(/score is int4 here, text in the exports/)
  })
})

describe('the reason', () => {
  const base = committed([ID])

  test('of what can be added names it and the command that adds it', () => {
    expect(driftReason(live([ID]), { base, head: committed([ID, NOTE]) })).toBe(
      'its structure lacks note text; to add it: tandem apply --apply-schema',
    )
    expect(driftReason(live([ID]), { base, head: committed([ID, NOTE, SCORE]) })).toBe(
      'its structure lacks note text, score int4; to add them: tandem apply --apply-schema',
    )
  })

  test('of what no addition makes equal says so, and what could be added besides', () => {
    const head = committed([{ ...ID, type: 'uuid' }, NOTE])
    expect(driftReason(live([ID]), { base, head })).toBe(
      'its structure differs from the exports (id is int8 here, uuid in the exports; this database lacks note text); migrate this database or the other',
    )
  })

  test('names the machine that has to migrate where only HEAD was migrated, and who did it', () => {
    const head = committed([{ ...ID, type: 'uuid' }])
    const migration = 'berlin has (commit 1a2b3c4)'
    expect(driftReason(live([ID]), { base, head, migration })).toMatch(
      /; this machine has to migrate, as berlin has \(commit 1a2b3c4\)$/,
    )
    expect(driftReason(live([ID, SCORE]), { base, head, migration })).toMatch(/; migrate this database or the other$/)
  })

  test('without a common past takes a field that only live has for one that may have been renamed', () => {
    const reason = driftReason(live([ID, { ...NOTE, name: 'remark' }]), {
      base: undefined,
      head: committed([ID, NOTE]),
    })
    expect(reason).toMatch(/remark text is only in this database, where note of the same type appeared/)
  })

  test('is never given where nothing is held', () => {
    expect(driftReason(live([ID, NOTE]), { base: undefined, head: committed([ID, NOTE]) })).toBeUndefined()
  })
})

describe('a collection is remodelled', () => {
  const base = committed([ID, NOTE])
  const renamed = { ...NOTE, name: 'remark' }

  test.each([
    ['when a field was renamed here', live([ID, renamed]), base, true],
    ['when a field was renamed at HEAD', live([ID, NOTE]), committed([ID, renamed]), true],
    ['when a field was converted at HEAD', live([ID, NOTE]), committed([ID, { ...NOTE, type: 'jsonb' }]), true],
    ['when its exports are gone', live([ID, NOTE]), undefined, true],
    ['not when HEAD only added a field', live([ID, NOTE]), committed([ID, NOTE, SCORE]), false],
    ['not when live only added a field', live([ID, NOTE, SCORE]), base, false],
  ] as const)('%s', (_when, selection, head, expected) => {
    expect(isRemodelled(selection, { base, head })).toBe(expected)
  })
})

test('what live lacks is told from HEAD’s side only', () => {
  const base = committed([ID])
  const { lacks, obstacles } = differenceOf(live([ID, SCORE]), { base, head: committed([ID, NOTE]) })
  expect({ lacks, obstacles }).toEqual({ lacks: ['note text'], obstacles: [] })
})

describe('dropped fields', () => {
  test('are those of the sync point that live has no longer; one that is only not exported is not among them', () => {
    const base = committed([ID, NOTE, SCORE])
    expect(droppedFields(live([ID]), base)).toEqual(['note', 'score'])
    expect(droppedFields({ ...live([ID]), omit: ['score'] }, base)).toEqual(['note'])
    expect(droppedFields(live([ID, NOTE, SCORE]), base)).toEqual([])
  })

  test('are none before the first sync point', () => {
    expect(droppedFields(live([ID]), undefined)).toEqual([])
  })
})
