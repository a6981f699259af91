/** From any state of related tables to any other in one plan: unique values swap, references turn round, parents and children come and go. */
import * as fc from 'fast-check'
import { describe, expect, inject, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { compareBytes, keyOf, sortedObjectText, splitObject, type RecordText } from '../../../src/model/canonical.ts'
import type { ApplyOutcome, Change } from '../../../src/model/change.ts'
import type { Selection } from '../../../src/model/collection.ts'
import { UndoneError } from '../../../src/model/errors.ts'
import { asOwner, openDatabaseOf } from './fixture.ts'
import { recordsOf, selectionOf } from '../scene.ts'

const NAMES = ['members', 'people', 'teams'] as const
type State = Readonly<Record<(typeof NAMES)[number], readonly RecordText[]>>

/** People refer to people and to teams, teams to people (required), members to teams by a unique code that may move. */
function tables(action: string): string[] {
  return [
    `CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE, boss int REFERENCES people ${action}, team int)`,
    `CREATE TABLE teams (id int PRIMARY KEY, code text NOT NULL UNIQUE, lead int NOT NULL REFERENCES people ${action})`,
    `ALTER TABLE people ADD FOREIGN KEY (team) REFERENCES teams ${action}`,
    `CREATE TABLE members (code text REFERENCES teams (code) ${action}, person int REFERENCES people ${action}, role text, PRIMARY KEY (code, person))`,
  ]
}

const IDS = [1, 2, 3, 4]
const pick = fc.nat({ max: 1000 })
const states: fc.Arbitrary<State> = fc
  .record({
    people: fc.subarray(IDS),
    teams: fc.subarray(IDS),
    emails: fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'], { minLength: 4 }),
    codes: fc.shuffledSubarray(['w', 'x', 'y', 'z'], { minLength: 4 }),
    picks: fc.array(pick, { minLength: 40, maxLength: 40 }),
  })
  .map(({ people, teams: some, emails, codes, picks }) => {
    const teams = people.length === 0 ? [] : some
    let next = 0
    const one = <Item>(items: readonly Item[]): Item | undefined =>
      items[(picks[next++ % 40] ?? 0) % (items.length + 1)]
    const surely = <Item>(items: readonly Item[]): Item => items[(picks[next++ % 40] ?? 0) % items.length] as Item
    return {
      people: people.map((id, i) => record({ id, email: one([emails[i]]), boss: one(people), team: one(teams) })),
      teams: teams.map((id, i) => record({ id, code: codes[i], lead: surely(people) })),
      members: teams.flatMap((_, i) =>
        people.flatMap((person) => (one([1]) === 1 ? [record({ code: codes[i], person, role: one(['r', 's']) })] : [])),
      ),
    }
  })

function record(fields: Readonly<Record<string, string | number | undefined>>): RecordText {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  return sortedObjectText(present.map(([name, value]) => [name, JSON.stringify(value)] as const))
}

async function liveState(adapter: Adapter, selections: readonly Selection[]): Promise<unknown> {
  const entries = []
  for (const [i, name] of NAMES.entries()) {
    entries.push([name, (await recordsOf(adapter, selections[i] as Selection)).toSorted(compareBytes)] as const)
  }
  return Object.fromEntries(entries)
}

function sorted(state: State): unknown {
  return Object.fromEntries(NAMES.map((name) => [name, state[name].toSorted(compareBytes)]))
}

function changesBetween(selection: Selection, from: readonly RecordText[], to: readonly RecordText[]): Change[] {
  const keyed = (texts: readonly RecordText[]): Map<string, RecordText> =>
    new Map(texts.map((text) => [keyOf(splitObject(text), selection.schema.key), text]))
  const [before, after] = [keyed(from), keyed(to)]
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((key) => ({ key, before: before.get(key), after: after.get(key) }))
    .filter((change) => change.before !== change.after)
}

const APPLIED = ['applied']
/** Where the server's own cascades act, a value that moves between parents may be refused, but a plan is never half done. */
const APPLIED_OR_NOT = ['applied', 'stale', 'violation', 'undone']

const EMPTY: State = { members: [], people: [], teams: [] }

for (const { name, uri, version } of inject('postgres').slice(0, 1)) {
  describe(`PostgreSQL ${version} (${name})`, () => {
    test.each([
      ['a superuser, keys that cascade', 'ON DELETE CASCADE ON UPDATE CASCADE', undefined, APPLIED],
      ['an owner, plain keys', '', asOwner, APPLIED],
      ['an owner, deferred keys', 'DEFERRABLE INITIALLY DEFERRED', asOwner, APPLIED],
      ['an owner, keys that cascade', 'ON DELETE CASCADE ON UPDATE CASCADE', asOwner, APPLIED_OR_NOT],
    ] as const)('any state becomes any other: %s', async (_title, action, prepare, allowed) => {
      const database = await openDatabaseOf(uri, prepare)
      const { adapter, run } = database
      try {
        await run(tables(action))
        const selections: Selection[] = []
        for (const collection of NAMES) selections.push(await selectionOf(adapter, collection))
        const move = async (from: State, to: State): Promise<ApplyOutcome> => {
          const collections = NAMES.map((collection, i) => {
            const selection = selections[i] as Selection
            return { selection, changes: changesBetween(selection, from[collection], to[collection]) }
          })
          return adapter.apply({ collections, state: new Map(), expectedState: new Map() })
        }
        await fc.assert(
          fc.asyncProperty(states, states, async (first, second) => {
            await run(['TRUNCATE people, teams, members'])
            expect((await move(EMPTY, first)).status).toBe('applied')
            const status = await move(first, second).then(
              (outcome) => outcome.status,
              (error: unknown) => (error instanceof UndoneError ? 'undone' : String(error)),
            )
            expect(allowed).toContain(status)
            expect(await liveState(adapter, selections)).toEqual(sorted(status === 'applied' ? second : first))
          }),
          { numRuns: 30 },
        )
      } finally {
        await database.close()
      }
    })
  })
}
