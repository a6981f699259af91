/** Drafts for tests of the constraints between records of two sides: what was, what each side made of it, what the merge did. */
import { openDraft, recordAt, type SourceDraft, type MergedPart } from '../../../../src/merge/constraints/draft.ts'
import type { Change } from '../../../../src/model/change.ts'
import type { CollectionSchema, Reference } from '../../../../src/model/collection.ts'
import { rulesWith } from '../rules.ts'

type Records = Readonly<Record<number, string>>

/** What a collection was before the sides parted, on each side, and what the merge made of it. */
export interface Side {
  readonly base?: Records
  readonly ours?: Records
  readonly theirs?: Records
  readonly merged?: Records
}

/** A collection with the key `id`. */
export function schemaOf(name: string, ...references: readonly Reference[]): CollectionSchema {
  return { name, fields: [], key: ['id'], uniques: [], references, order: 'sorted' }
}

/** A foreign key of one field. */
export function to(collection: string, field: string, toField = 'id'): Reference {
  return { fields: [field], to: collection, toFields: [toField] }
}

const WRITER = { asset: 'a', since: 0, at: 1 }

const keyed = (records: Records = {}): Map<string, string> =>
  new Map(Object.entries(records).map(([id, text]) => [`[${id}]`, text]))

function partOf({ base = {}, ours = base, theirs = base, merged = ours }: Side, withPast: boolean): MergedPart {
  const [before, after] = [keyed(ours), keyed(merged)]
  const changes = [...new Set([...before.keys(), ...after.keys()])]
    .map((key): Change => ({ key, before: before.get(key), after: after.get(key) }))
    .filter((change) => change.before !== change.after)
  const past = { theirs: keyed(theirs), former: [keyed(base)], lines: [], committed: () => WRITER, uncommitted: WRITER }
  return { rules: rulesWith(), ours: before, changes, ...(withPast && { past }) }
}

/** The draft of a merge; `withPast`: whether the past of every collection was read already. */
export function draftOf(
  schemas: readonly CollectionSchema[],
  sides: Readonly<Record<string, Side>>,
  withPast = true,
): SourceDraft {
  const parts = new Map(Object.entries(sides).map(([name, side]) => [name, partOf(side, withPast)]))
  return openDraft(parts, new Map(schemas.map((schema) => [schema.name, schema])))
}

/** A record as the draft has it. */
export function textAt(draft: SourceDraft, collection: string, id: number): string | undefined {
  const part = draft.parts.get(collection)
  return part === undefined ? undefined : recordAt(part, `[${id}]`)
}
