/** The large plan that mongodb-apply.ts performs and the contract test looks for: inserts, updates and deletes of 2,100 documents, with a state. */
import type { ApplyPlan, Change } from '../../src/model/change.ts'
import type { CollectionSchema } from '../../src/model/collection.ts'

const SCHEMA: CollectionSchema = { name: 'big', fields: [], key: ['_id'], uniques: [], references: [], order: 'kept' }

/** Document `id` in a version. */
function documentText(id: number, version: string): string {
  return `{"_id":${id},"version":"${version}","text":"${'x'.repeat(100)}"}`
}

/** The texts before the plan, in the order of `_id`: documents 1 to 1,400. */
export function textsBefore(): string[] {
  return numbers(1, 1400).map((id) => documentText(id, 'old'))
}

/** And after it: 1 to 700 gone, 701 to 1,400 new, 1,401 to 2,100 added. */
export function textsAfter(): string[] {
  return numbers(701, 2100).map((id) => documentText(id, 'new'))
}

export function bigPlan(): ApplyPlan {
  const changes = numbers(1, 2100).map((id): Change => ({
    key: `[${id}]`,
    before: id <= 1400 ? documentText(id, 'old') : undefined,
    after: id > 700 ? documentText(id, 'new') : undefined,
  }))
  const selection = { schema: SCHEMA, omit: [], derived: [] }
  return { collections: [{ selection, changes }], state: new Map([['sync', 'S2']]), expectedState: new Map() }
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
