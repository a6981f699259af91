/** Which changes of a plan may write a record without a parent, because the exports have none for it either. */
import { expect, test } from 'vitest'
import { markDangling } from '../../../../src/merge/constraints/mark-dangling.ts'
import type { CollectionSchema } from '../../../../src/model/collection.ts'

const CHILDREN: CollectionSchema = {
  name: 'children',
  fields: [],
  key: ['id'],
  uniques: [],
  references: [{ fields: ['up'], to: 'parents', toFields: ['id'] }],
  order: 'sorted',
}

const written = (id: number, up: number): { key: string; before: undefined; after: string } => ({
  key: `[${id}]`,
  before: undefined,
  after: `{"id":${id},"up":${up}}`,
})

test('a record whose parent the exports lack is marked, any other and a deletion are not', () => {
  const gone = { key: '[3]', before: '{"id":3,"up":8}', after: undefined }
  const changes = [written(1, 7), written(2, 8), gone]
  const parents = new Map([['[7]', '{"id":7}']])
  const marked = markDangling(CHILDREN, changes, (name) => (name === 'parents' ? parents : undefined))
  expect(marked).toEqual([written(1, 7), { ...written(2, 8), dangling: true }, gone])
})
