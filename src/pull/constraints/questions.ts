/** Asks the database what a merge has to know of its keys: which values are equal, and who has them. A question that grows is asked again as a whole. */
import { type ToldQuestion, toldByAll } from '../../exports/told-uniques.ts'
import type { Needs } from '../../merge/constraints/sound.ts'
import type {
  KeyEquality,
  NeededRecords,
  NeededValues,
  OwnKeys,
  RecordClasses,
  ValueClasses,
} from '../../model/key-equality.ts'
import type { Selection } from '../../model/collection.ts'
import type { Source } from '../../source/source.ts'

export interface Questions {
  /** What is known so far of these collections and of those that refer to them; which keys only the database can compare is read once for each. */
  readonly answers: (names: Iterable<string>) => Promise<KeyEquality>
  readonly ask: (needs: Pick<Needs, 'uniques' | 'references'>) => Promise<void>
}

/** @param machine the name of this one, and the commit by which others tell what keys they have */
export function openQuestions(source: Source, machine: Pick<ToldQuestion, 'asset' | 'head'>): Questions {
  const keys = new Map<string, OwnKeys>()
  const [records, values] = [new Map<string, NeededRecords>(), new Map<string, NeededValues>()]
  const [uniques, references] = [new Map<string, RecordClasses>(), new Map<string, ValueClasses>()]
  return {
    answers: async (names) => {
      const selections = tiedTo(source, new Set(names)).filter(({ schema }) => !keys.has(schema.name))
      const read = selections.length === 0 ? new Map<string, OwnKeys>() : await source.adapter.ownKeys(selections)
      for (const { schema } of selections) {
        const own = read.get(schema.name) ?? { uniques: [], references: [] }
        const shared = await toldByAll(source, { ...machine, collection: schema.name, uniques: own.uniques })
        const marked = own.uniques.map((each) => (shared.has(each) ? { ...each, isShared: true as const } : each))
        keys.set(schema.name, { ...own, uniques: marked })
      }
      return { keys, uniques, references }
    },
    ask: async (needs) => {
      for (const [name, needed] of needs.uniques) {
        const earlier = records.get(name)?.records ?? new Set()
        const whole = { ...needed, records: new Set([...earlier, ...needed.records]) }
        if (whole.records.size === earlier.size) throw new Error(`${name} was asked twice`)
        records.set(name, whole)
        uniques.set(name, await askRecords(source, whole))
      }
      for (const [name, needed] of needs.references) {
        const whole = withEarlier(needed, values.get(name))
        values.set(name, whole)
        references.set(name, await askValues(source, whole))
      }
    },
  }
}

function tiedTo({ selections }: Source, names: ReadonlySet<string>): Selection[] {
  return [...selections.values()].filter(
    ({ schema }) => names.has(schema.name) || schema.references.some(({ to }) => names.has(to)),
  )
}

function withEarlier(needed: NeededValues, earlier: NeededValues | undefined): NeededValues {
  const children = new Set([...(earlier?.children ?? []), ...needed.children])
  const parents = new Set([...(earlier?.parents ?? []), ...needed.parents])
  const isNew = children.size + parents.size > (earlier?.children.size ?? 0) + (earlier?.parents.size ?? 0)
  // an adapter that leaves a value out of its answer would be asked for ever
  if (!isNew) throw new Error(`the reference of ${needed.child} to ${needed.reference.to} was asked twice`)
  return { ...needed, children, parents }
}

async function askRecords(source: Source, { collection, unique, records }: NeededRecords): Promise<RecordClasses> {
  const selection = source.selections.get(collection)
  if (selection === undefined) return { classes: new Map(), holders: new Map() }
  return await source.adapter.equalRecords({ selection, unique, records })
}

async function askValues(source: Source, needed: NeededValues): Promise<ValueClasses> {
  const { reference, children, parents } = needed
  const [child, parent] = [needed.child, reference.to].map((name) => source.selections.get(name)?.schema)
  if (child === undefined || parent === undefined) return { children: new Map(), parents: new Map() }
  return await source.adapter.equalValues({ child, parent, reference, children, parents })
}
