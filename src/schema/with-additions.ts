/**
 * A source as it will be after reviewed additions to its structure. Its adapter wraps the real one: it reads the records as if they had the new fields, and makes the additions
 * together with the first write, so that structure, records and sync point change in one transaction.
 */
import type { Adapter } from '../adapters/adapter.ts'
import { rulesFor, selectionFor } from '../config/rules.ts'
import { type ValueText, sortedObjectText, splitObject } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'
import type { CollectionSchema, Selection } from '../model/collection.ts'
import { type SchemaChange, changedSchema } from '../model/schema-change.ts'
import type { Source } from '../source/source.ts'

/** The source as it will be after `changes`, none of which is made in the database yet. */
export function withStructure(source: Source, changes: readonly SchemaChange[]): Source {
  const names = new Set(changes.map(({ collection }) => collection))
  const selections = new Map(source.selections)
  for (const name of names) {
    const live = source.description.collections.find((schema) => schema.name === name)
    const own = changes.filter(({ collection }) => collection === name)
    selections.set(name, selectionFor(source.config, changedSchema(live, own)))
  }
  return {
    ...source,
    selections,
    adapter: adapterAround(source, changes),
    rules: (collection) => rulesFor(source.config, (selections.get(collection) as Selection).schema),
  }
}

function adapterAround(source: Source, changes: readonly SchemaChange[]): Adapter {
  const { adapter } = source
  let made = false
  const now = (selection: Selection): Selection => (made ? selection : before(source, selection))
  const schemaNow = (schema: CollectionSchema): CollectionSchema => now({ schema, omit: [], derived: [] }).schema
  const apply: Adapter['apply'] = async (plan) => {
    const outcome = await adapter.apply(made ? plan : { ...plan, structure: changes })
    made ||= outcome.status === 'applied'
    return outcome
  }
  return {
    ...adapter,
    apply,
    writeState: async (state, expectedState) =>
      made
        ? adapter.writeState(state, expectedState)
        : (await apply({ collections: [], state, expectedState })).status === 'applied',
    // a key that is yet to be added is not named here, and is compared by the texts of its values
    ownKeys: (asked) =>
      adapter.ownKeys(asked.filter(({ schema }) => made || source.selections.has(schema.name)).map(now)),
    equalRecords: (question) => adapter.equalRecords({ ...question, selection: now(question.selection) }),
    equalValues: (question) =>
      adapter.equalValues({ ...question, child: schemaNow(question.child), parent: schemaNow(question.parent) }),
    nextKeys: async (schema, count, above) => adapter.nextKeys(schemaNow(schema), count, above),
    defaults: async (schema) => {
      if (made) return adapter.defaults(schema)
      const there = source.selections.has(schema.name) ? await adapter.defaults(schemaNow(schema)) : []
      return new Map([...there, ...fillsOf(changes, schema)])
    },
    snapshot: (read) =>
      adapter.snapshot((snapshot) =>
        read({
          state: snapshot.state,
          mark: async (selection) => (made ? snapshot.mark(selection) : undefined),
          writtenSince: async (selection, mark) => (made ? snapshot.writtenSince(selection, mark) : undefined),
          count: async (schema) => (made || source.selections.has(schema.name) ? snapshot.count(schemaNow(schema)) : 0),
          records: (selection) => {
            if (made) return snapshot.records(selection)
            if (!source.selections.has(selection.schema.name)) return nothing()
            return filled(snapshot.records(now(selection)), fillsOf(changes, selection.schema))
          },
        }),
      ),
  }
}

/** The selection of the collection as it is before the changes. A new table has none, so the given one is returned. */
function before(source: Source, selection: Selection): Selection {
  return source.selections.get(selection.schema.name) ?? selection
}

async function* nothing(): AsyncGenerator<readonly LiveRecord[]> {}

type Fills = readonly (readonly [field: string, value: ValueText])[]

function fillsOf(changes: readonly SchemaChange[], schema: CollectionSchema): Fills {
  return changes.flatMap((change) =>
    change.kind === 'add-field' && change.collection === schema.name && change.fill !== undefined
      ? [[change.field.name, change.fill] as const]
      : [],
  )
}

async function* filled(
  batches: AsyncIterable<readonly LiveRecord[]>,
  fills: Fills,
): AsyncGenerator<readonly LiveRecord[]> {
  if (fills.length === 0) yield* batches
  else
    for await (const batch of batches)
      yield batch.map(({ key, text }) => ({ key, text: sortedObjectText([...splitObject(text), ...fills]) }))
}
