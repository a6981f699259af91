/**
 * A source as it will be once reviewed additions to its structure are made: an adapter around the real one that shows the records with the new fields, and hands the
 * additions on with the first thing that is written, so that structure, records and sync point change in one transaction.
 */
import type { Adapter } from '../adapters/adapter.ts'
import { rulesFor, selectionFor } from '../config/rules.ts'
import { sortedObjectText, splitObject, type ValueText } from '../model/canonical.ts'
import type { LiveRecord } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import { changedSchema, type SchemaChange } from '../model/schema-change.ts'
import type { Source } from './source.ts'

/** The source after `changes`, none of which is made yet. */
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
    nextKeys: async (schema, count, above) =>
      adapter.nextKeys(now({ schema, omit: [], derived: [] }).schema, count, above),
    defaults: async (schema) => {
      const selection = { schema, omit: [], derived: [] }
      if (made) return adapter.defaults(schema)
      const there = source.selections.has(schema.name) ? await adapter.defaults(now(selection).schema) : []
      return new Map([...there, ...fillsOf(changes, selection)])
    },
    snapshot: (read) =>
      adapter.snapshot((snapshot) =>
        read({
          state: snapshot.state,
          count: async (schema) =>
            made || source.selections.has(schema.name)
              ? snapshot.count(now({ schema, omit: [], derived: [] }).schema)
              : 0,
          records: (selection) => {
            if (made) return snapshot.records(selection)
            if (!source.selections.has(selection.schema.name)) return nothing()
            return filled(snapshot.records(now(selection)), fillsOf(changes, selection))
          },
        }),
      ),
  }
}

/** What of a collection is there before the changes. */
function before(source: Source, selection: Selection): Selection {
  return source.selections.get(selection.schema.name) ?? selection
}

async function* nothing(): AsyncGenerator<readonly LiveRecord[]> {}

type Fills = readonly (readonly [field: string, value: ValueText])[]

function fillsOf(changes: readonly SchemaChange[], { schema }: Selection): Fills {
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
