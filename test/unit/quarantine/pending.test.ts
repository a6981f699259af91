/** What the next data commit has to do to the quarantine files, while it waits inside the database: adding and taking out, in whatever order they come. */
import { array, assert, boolean, constantFrom, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Quarantined } from '../../../src/model/quarantine.ts'
import {
  expectedPending,
  type Pending,
  pendingEntry,
  readPending,
  sameAs,
  settledEntry,
  withPending,
} from '../../../src/quarantine/pending.ts'

function record(id: number, more: Partial<Quarantined> = {}): Quarantined {
  return { collection: 'posts', key: `[${id}]`, record: `{"id":${id}}`, reason: 'nowhere to go', ...more }
}

const [one, two] = [record(1), record(2)]

/** The state after steps that each add or take out. */
function after(...steps: readonly Partial<Pending>[]): ReadonlyMap<string, string> {
  let state: ReadonlyMap<string, string> = new Map([['id', 'x']])
  for (const step of steps) state = put(state, pendingEntry(state, step))
  return state
}

function put(
  state: ReadonlyMap<string, string>,
  [name, text]: readonly [string, string | undefined],
): ReadonlyMap<string, string> {
  const next = new Map(state)
  if (text === undefined) next.delete(name)
  else next.set(name, text)
  return next
}

describe('the entry', () => {
  test('is absent while there is nothing to do', () => {
    expect(readPending(new Map())).toEqual({ add: [], remove: [] })
    expect(pendingEntry(new Map(), {})).toEqual(['quarantine', undefined])
    expect(after({ add: [] }, { remove: [] }).has('quarantine')).toBe(false)
  })

  test('holds what is to be added and taken out, and grows', () => {
    expect(readPending(after({ add: [one] }, { remove: [two] }))).toEqual({ add: [one], remove: [two] })
    expect(readPending(after({ add: [one] }, { add: [two] }))).toEqual({ add: [one, two], remove: [] })
  })

  test('leaves all else in the state alone', () => {
    expect(after({ add: [one] }).get('id')).toBe('x')
  })

  test('is the same text for the same work, in whatever order the record’s parts were written', () => {
    const { collection, key, record: text, reason } = one
    expect(pendingEntry(new Map(), { add: [{ reason, record: text, key, collection }] })).toEqual(
      pendingEntry(new Map(), { add: [one] }),
    )
  })

  test('must still stand as it was read when it is written anew', () => {
    expect(expectedPending(new Map())).toEqual(['quarantine', undefined])
    const state = after({ add: [one] })
    expect(expectedPending(state)).toEqual(['quarantine', state.get('quarantine')])
  })
})

describe('of a record that comes several times, the last word counts:', () => {
  test('added and then taken out, it is to be taken out', () => {
    expect(readPending(after({ add: [one] }, { remove: [one] }))).toEqual({ add: [], remove: [one] })
  })

  test('taken out and then added, it is to be added', () => {
    expect(readPending(after({ remove: [one] }, { add: [one] }))).toEqual({ add: [one], remove: [] })
  })

  test('added twice, it is there once, with the last reason', () => {
    const again = record(1, { reason: 'another' })
    expect(readPending(after({ add: [one] }, { add: [again] }))).toEqual({ add: [again], remove: [] })
  })

  test('whatever the steps, no record is both added and taken out, and none stands twice', () => {
    const step = tuple(constantFrom(1, 2, 3), boolean())
    assert(
      property(array(step, { maxLength: 12 }), (steps) => {
        const pending = readPending(after(...steps.map(([id, adds]) => ({ [adds ? 'add' : 'remove']: [record(id)] }))))
        const last = new Map(steps)
        const keys = (adds: boolean): string[] => [...last].filter(([, each]) => each === adds).map(([id]) => `[${id}]`)
        expect(pending.add.map(({ key }) => key).toSorted()).toEqual(keys(true).toSorted())
        expect(pending.remove.map(({ key }) => key).toSorted()).toEqual(keys(false).toSorted())
      }),
    )
  })
})

test('records are told apart by collection, key and content, never by their reason', () => {
  expect(sameAs(one)(record(1, { reason: 'another' }))).toBe(true)
  expect(sameAs(one)(two)).toBe(false)
  expect(sameAs(one)(record(1, { collection: 'tags' }))).toBe(false)
  const other = record(1, { record: '{"id":1,"title":"x"}' })
  expect(readPending(after({ add: [one] }, { add: [other] })).add).toEqual([one, other])
})

describe('when a commit holds records', () => {
  test('what it has is no longer to be added, what it has no more is no longer to be taken out', () => {
    const state = after({ add: [one] }, { remove: [two] })
    expect(settledEntry(state, [one])).toEqual(['quarantine', undefined])
    expect(settledEntry(state, [])).toEqual(pendingEntry(new Map(), { add: [one] }))
    expect(settledEntry(state, [one, two])).toEqual(pendingEntry(new Map(), { remove: [two] }))
  })

  test('nothing to do stays nothing to do', () => {
    expect(settledEntry(new Map(), [one, two])).toEqual(['quarantine', undefined])
  })

  test('they become those of the commit, without what is taken out, with what is added', () => {
    expect(withPending([one, two], { add: [], remove: [one] })).toEqual([two])
    expect(withPending([one], { add: [two], remove: [] })).toEqual([one, two])
    expect(withPending([one], { add: [record(1, { reason: 'another' })], remove: [] })).toEqual([
      record(1, { reason: 'another' }),
    ])
    expect(withPending([], { add: [], remove: [one] })).toEqual([])
  })
})
