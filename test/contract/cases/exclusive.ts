/** Work that nobody else may write into: what it did stays when it ends, and goes when it fails. (That programs wait meanwhile is shown by test/e2e/trials/writers.slow.test.ts.) */
import { describe, expect, test } from 'vitest'
import type { ContractEngine } from '../fixture.ts'
import { change, peopleIn, person, planOf, selectionOf, textOf, withPeople } from '../scene.ts'

export function exclusive(engine: ContractEngine): void {
  describe('exclusively', () => {
    test('a plan that is stale changes nothing, the next one is applied, and both stay what they were', async () => {
      await withPeople(engine, [person(1), person(2)], async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people')
        const wrong = [
          change(engine, person(1), person(1, { name: 'Lost' })),
          change(engine, person(2, { name: 'Never so' }), person(2, { name: 'Lost' })),
        ]
        const right = [change(engine, person(1), person(1, { name: 'Kept' })), change(engine, undefined, person(3))]
        const state = { set: new Map([['sync', 'S1']]) }
        const outcomes = await adapter.exclusively([selection.schema], async (held) => [
          (await held.apply(planOf(selection, wrong, state))).status,
          (await held.apply(planOf(selection, right, state))).status,
          await held.writeState(new Map([['more', 'S2']]), new Map([['sync', 'S1']])),
        ])
        expect(outcomes).toEqual(['stale', 'applied', true])
        const now = [person(1, { name: 'Kept' }), person(2), person(3)]
        expect(await peopleIn(adapter)).toEqual(now.map((each) => textOf(engine, each)))
        expect(Object.fromEntries(await adapter.readState())).toEqual({ sync: 'S1', more: 'S2' })
      })
    })

    test('what was applied is taken back when the work fails, where there are transactions', async () => {
      await withPeople(engine, [person(1)], async ({ adapter }) => {
        if (!adapter.capabilities.transactions) return
        const selection = await selectionOf(adapter, 'people')
        const work = adapter.exclusively([selection.schema], async (held) => {
          await held.apply(planOf(selection, [change(engine, undefined, person(2))]))
          throw new Error('thought better of it')
        })
        await expect(work).rejects.toThrow('thought better of it')
        expect(await peopleIn(adapter)).toEqual([textOf(engine, person(1))])
      })
    })
  })
}
