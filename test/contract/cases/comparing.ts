/** What the database takes for equal in its unique and foreign keys: asked, never guessed from texts. */
import { describe, expect, test } from 'vitest'
import type { ContractEngine, OwnReferenceFixture, OwnUniqueFixture } from '../fixture.ts'
import { selectionOf, withDatabase } from '../scene.ts'

export function comparing(engine: ContractEngine): void {
  const { setup, uniques, references, plain } = engine.equality

  describe('keys that only the database can compare', () => {
    test('are named, and no others', async () => {
      await withDatabase(engine, setup, async ({ adapter }) => {
        const names = [...new Set([...uniques.map(({ collection }) => collection), ...plain])]
        const selections = await Promise.all(names.map((name) => selectionOf(adapter, name)))
        const keys = await adapter.ownKeys(selections)
        for (const name of names) {
          const fields = uniques.filter(({ collection }) => collection === name).map((each) => each.fields.join())
          const found = keys.get(name)?.uniques.map((each) => each.fields.join()) ?? []
          expect([name, found.toSorted()]).toEqual([name, fields.toSorted()])
        }
      })
    })

    test.each(uniques)('$collection ($fields): which records clash, and with which live ones', async (unique) => {
      await withDatabase(engine, setup, async ({ adapter }) => {
        const selection = await selectionOf(adapter, unique.collection)
        const keys = await adapter.ownKeys([selection])
        const own = keys.get(unique.collection)?.uniques.find(({ fields }) => fields.join() === unique.fields.join())
        const all = [...unique.groups.flatMap(({ records }) => records), ...(unique.free ?? [])]
        const answer = await adapter.equalRecords({ selection, unique: own?.name ?? '', records: new Set(all) })
        const classes = classesOf(unique, answer.classes)
        expect(classes).toEqual(unique.groups.map(() => [expect.any(String)]))
        expect(new Set(classes.flat()).size).toBe(unique.groups.length)
        for (const text of unique.free ?? []) expect([text, answer.classes.get(text)]).toEqual([text, undefined])
        for (const { records, holder } of unique.groups) {
          const name = answer.classes.get(records[0] ?? '') ?? ''
          expect([records[0], answer.holders.get(name) ?? []]).toEqual([
            records[0],
            holder === undefined ? [] : [holder],
          ])
        }
      })
    })

    test.each(references)('$child → $parent: which values are equal', async (reference) => {
      await withDatabase(engine, setup, async ({ adapter }) => {
        const [child, parent] = [
          await selectionOf(adapter, reference.child),
          await selectionOf(adapter, reference.parent),
        ]
        const [own] = (await adapter.ownKeys([child])).get(reference.child)?.references ?? []
        if (own === undefined) throw new Error(`${reference.child} has no reference to compare`)
        const { groups } = reference
        const answer = await adapter.equalValues({
          child: child.schema,
          parent: parent.schema,
          reference: own,
          children: new Set(groups.flatMap(({ children }) => children)),
          parents: new Set(groups.flatMap(({ parents }) => parents)),
        })
        const classes = valueClassesOf(reference, answer)
        expect(classes).toEqual(groups.map(() => [expect.any(String)]))
        expect(new Set(classes.flat()).size).toBe(groups.length)
      })
    })
  })
}

/** The classes of each group, which must be one, and another one than that of any other group. */
function classesOf({ groups }: OwnUniqueFixture, classes: ReadonlyMap<string, string | undefined>): unknown[] {
  return groups.map(({ records }) => [...new Set(records.map((text) => classes.get(text)))])
}

function valueClassesOf(
  { groups }: OwnReferenceFixture,
  answer: Readonly<Record<'children' | 'parents', ReadonlyMap<string, string>>>,
): unknown[] {
  return groups.map(({ children, parents, liveChildren = [], liveParents = [] }) => [
    ...new Set([
      ...[...children, ...liveChildren].map((value) => answer.children.get(value)),
      ...[...parents, ...liveParents].map((value) => answer.parents.get(value)),
    ]),
  ])
}
