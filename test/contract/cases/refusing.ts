/** A plan that does not fit changes nothing, and says why. */
import { describe, expect, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import type { ApplyOutcome, Change } from '../../../src/model/change.ts'
import { TandemError, UndoneError } from '../../../src/model/errors.ts'
import type { CheckFixture, ContractEngine, ConversionFixture, Statements } from '../fixture.ts'
import {
  change,
  leavesUnchanged,
  peopleIn,
  person,
  planOf,
  selectionOf,
  textOf,
  withDatabase,
  withPeople,
} from '../scene.ts'

export function refusing(engine: ContractEngine): void {
  /** Applies changes of which the first fits and the rest shall not; with a state that must not be written either. */
  const applyWithState = async (adapter: Adapter, changes: readonly Change[]): Promise<ApplyOutcome> => {
    const fitting = change(engine, undefined, person(900))
    const plan = planOf(await selectionOf(adapter, 'people'), [fitting, ...changes], { set: new Map([['sync', 'S2']]) })
    return adapter.apply(plan)
  }

  /** The plan was made when people 1 and 2 were there; then `meanwhile` happened. */
  const applyAfter = async (meanwhile: Statements, ...changes: readonly Change[]): Promise<readonly ApplyOutcome[]> => {
    const outcomes: ApplyOutcome[] = []
    await withPeople(engine, [person(1), person(2)], async ({ adapter, run }) => {
      await adapter.writeState(new Map([['sync', 'S1']]), new Map())
      await run(meanwhile)
      await leavesUnchanged(adapter, ['people'], async () => {
        outcomes.push(await applyWithState(adapter, changes))
      })
    })
    return outcomes
  }
  const staleOutcome = [{ status: 'stale', reason: expect.stringMatching(/\w/) as string }]

  describe('a stale plan', () => {
    test('a record to be updated has changed', async () => {
      const outcomes = await applyAfter(
        engine.people.set(1, 'note', 'meanwhile'),
        change(engine, person(1), person(1, { name: 'N' })),
      )
      expect(outcomes).toEqual(staleOutcome)
    })

    test('a record to be deleted has changed', async () => {
      const outcomes = await applyAfter(engine.people.set(2, 'name', 'meanwhile'), change(engine, person(2), undefined))
      expect(outcomes).toEqual(staleOutcome)
    })

    test('a record to be updated is gone', async () => {
      const outcomes = await applyAfter(engine.people.remove(1), change(engine, person(1), person(1, { name: 'N' })))
      expect(outcomes).toEqual(staleOutcome)
    })

    test('a record to be deleted is gone', async () => {
      const outcomes = await applyAfter(engine.people.remove(1), change(engine, person(1), undefined))
      expect(outcomes).toEqual(staleOutcome)
    })

    test('a record to be inserted is there', async () => {
      const outcomes = await applyAfter(engine.people.insert(person(3)), change(engine, undefined, person(3)))
      expect(outcomes).toEqual(staleOutcome)
    })

    test('the state is no longer what was read', async () => {
      await withPeople(engine, [person(1)], async ({ adapter }) => {
        await adapter.writeState(new Map([['sync', 'S1']]), new Map())
        const selection = await selectionOf(adapter, 'people')
        const states = [new Map([['sync', 'S0']]), new Map([['sync', undefined]]), new Map([['other', 'x']])]
        for (const expected of states)
          await leavesUnchanged(adapter, ['people'], async () => {
            const changes = [change(engine, person(1), undefined)]
            const outcome = await adapter.apply(
              planOf(selection, changes, { set: new Map([['sync', 'S2']]), expected }),
            )
            expect(outcome.status).toBe('stale')
          })
      })
    })

    test('of two equal plans at the same time one is applied', async () => {
      await withPeople(engine, [person(1)], async ({ adapter, another }) => {
        const plan = planOf(await selectionOf(adapter, 'people'), [
          change(engine, person(1), person(1, { name: 'N' })),
          change(engine, undefined, person(2)),
        ])
        const other = await another()
        const outcomes = await Promise.all([adapter.apply(plan), other.apply(plan)])
        expect(outcomes.map(({ status }) => status).sort()).toEqual(['applied', 'stale'])
        expect(await peopleIn(adapter)).toEqual(
          [person(1, { name: 'N' }), person(2)].map((each) => textOf(engine, each)),
        )
      })
    })
  })

  describe('a violation', () => {
    test('a unique value that a record outside the plan holds', async () => {
      await withPeople(engine, [person(1), person(2)], async ({ adapter }) => {
        await leavesUnchanged(adapter, ['people'], async () => {
          const taken = change(engine, person(2), person(2, { email: person(1).email }))
          const outcome = await applyWithState(adapter, [taken])
          expect(outcome).toMatchObject({ status: 'violation', collection: 'people', key: '[2]' })
          expect(outcome).toHaveProperty('constraint', expect.stringMatching(/email/))
        })
      })
    })

    test('of an inserted record names that record', async () => {
      await withPeople(engine, [person(1)], async ({ adapter }) => {
        await leavesUnchanged(adapter, ['people'], async () => {
          const taken = change(engine, undefined, person(3, { email: person(1).email }))
          const outcome = await applyWithState(adapter, [change(engine, undefined, person(2)), taken])
          expect(outcome).toMatchObject({ status: 'violation', collection: 'people', key: '[3]' })
        })
      })
    })

    test('of several records names them, at once or one after the other, and a plan without them is applied', async () => {
      await withPeople(engine, [person(1), person(2)], async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people')
        const taken = [3, 5, 7].map((id) => change(engine, undefined, person(id, { email: person(1).email })))
        const fitting = [4, 6, 8].map((id) => change(engine, undefined, person(id)))
        let changes = [...taken, ...fitting].toSorted((a, b) => (a.key < b.key ? -1 : 1))
        const named: string[] = []
        for (let attempt = 0; attempt < 4; attempt++) {
          const outcome = await adapter.apply(planOf(selection, changes))
          if (outcome.status !== 'violation') break
          named.push(outcome.key as string, ...(outcome.others ?? []).map(({ key }) => key))
          changes = changes.filter(({ key }) => !named.includes(key))
        }
        expect(named.toSorted()).toEqual(['[3]', '[5]', '[7]'])
        const ids = [1, 2, 4, 6, 8]
        expect(await peopleIn(adapter)).toEqual(ids.map((id) => textOf(engine, person(id))))
      })
    })
  })

  if (engine.check !== undefined) refusedByCheck(engine, engine.check)
  if (engine.conversion !== undefined) undoneByConversion(engine, engine.conversion)
  if (engine.fields === 'declared') unknownField(engine)
  else newField(engine)
}

function refusedByCheck(engine: ContractEngine, check: CheckFixture): void {
  test('a constraint that only the database knows refuses with its name and the key', async () => {
    await withDatabase(engine, check.setup, async ({ adapter }) => {
      await leavesUnchanged(adapter, [check.collection], async () => {
        const changes = [{ key: check.key, before: undefined, after: check.record }]
        const outcome = await adapter.apply(planOf(await selectionOf(adapter, check.collection), changes))
        expect(outcome).toMatchObject({ status: 'violation', collection: check.collection, key: check.key })
        expect(outcome).toHaveProperty('constraint', expect.stringMatching(check.constraint))
      })
    })
  })
}

function undoneByConversion(engine: ContractEngine, conversion: ConversionFixture): void {
  test('a value that the database changes while writing undoes everything, naming the field', async () => {
    await withDatabase(engine, conversion.setup, async ({ adapter }) => {
      await leavesUnchanged(adapter, [conversion.collection], async () => {
        const selection = await selectionOf(adapter, conversion.collection)
        const changes = [{ key: conversion.key, before: undefined, after: conversion.record }]
        const applying = adapter.apply(planOf(selection, changes, { set: new Map([['sync', 'S2']]) }))
        const error = await applying.catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(UndoneError)
        const named = [conversion.collection, conversion.key, conversion.field]
        expect(named.filter((part) => !String(error).includes(part))).toEqual([])
      })
    })
  })
}

/** Person 1 is deleted, person 2 inserted with a field that nobody else has. */
function withExtraField(engine: ContractEngine): readonly Change[] {
  const extra = textOf(engine, person(2)).replace('}', ',"zebra":"x"}')
  return [change(engine, person(1), undefined), { key: '[2]', before: undefined, after: extra }]
}

function newField(engine: ContractEngine): void {
  const changes = withExtraField(engine)
  test('a field that no other record has is written', async () => {
    await withPeople(engine, [person(1)], async ({ adapter }) => {
      const outcome = await adapter.apply(planOf(await selectionOf(adapter, 'people'), changes))
      expect(outcome).toMatchObject({ inserted: 1, deleted: 1 })
      expect(await peopleIn(adapter)).toEqual([changes[1]?.after])
    })
  })
}

function unknownField(engine: ContractEngine): void {
  const changes = withExtraField(engine)
  test('a field that the table does not have is an error before anything is written', async () => {
    await withPeople(engine, [person(1)], async ({ adapter }) => {
      await leavesUnchanged(adapter, ['people'], async () => {
        const error = await adapter
          .apply(planOf(await selectionOf(adapter, 'people'), changes))
          .catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(TandemError)
        expect(String(error)).toContain('zebra')
      })
    })
  })
}
