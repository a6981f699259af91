/** Records that had been deleted when the sides parted and that a merge with an older line brought back: they existed, so a unique key does not remove them. */
import { describe, expect, test } from 'vitest'
import type { CollectionPast } from '../../../../src/merge/constraints/draft.ts'
import { type Needs, type Sound, makeSound } from '../../../../src/merge/constraints/sound.ts'
import type { Change } from '../../../../src/model/change.ts'
import { rulesWith } from '../rules.ts'
import { schemaOf } from './draft-scene.ts'

/** Card → its position. */
type Board = Readonly<Record<string, number>>

interface Scene {
  readonly base: Board
  readonly ours: Board
  readonly theirs: Board
  readonly merged: Board
  /** Those named were there before the base, at this position. */
  readonly earlier?: Board
  readonly lines?: readonly Board[]
}

const records = (board: Board): Map<string, string> =>
  new Map(Object.entries(board).map(([id, pos]) => [`["${id}"]`, `{"id":"${id}","pos":${pos}}`]))

/** Theirs is newer than ours. */
function merge({ base, ours, theirs, merged, earlier, lines }: Scene): Sound | Needs {
  const [before, after, known] = [records(ours), records(merged), records(earlier ?? {})]
  const changes = [...after]
    .map(([key, text]): Change => ({ key, before: before.get(key), after: text }))
    .filter((change) => change.before !== change.after)
  const past: CollectionPast = {
    theirs: records(theirs),
    former: [records(base)],
    committed: () => ({ asset: 'b', since: 100, at: 300 }),
    uncommitted: { asset: 'a', since: 100, at: 200 },
    ...(earlier && { earlier: new Map([...after.keys()].map((key) => [key, known.get(key)])) }),
    ...(lines && { lines: lines.map(records) }),
  }
  const cards = { ...schemaOf('cards'), uniques: [['pos']] }
  const part = { rules: rulesWith({ collection: 'cards' }), ours: before, changes, past }
  return makeSound({ parts: new Map([['cards', part]]), schemas: new Map([['cards', cards]]) })
}

/** What the merge makes of the board; `undefined` for a card in quarantine. */
function boardAfter(scene: Scene): Record<string, number | undefined> {
  const sound = merge(scene)
  if ('records' in sound) throw new Error('nothing is left to be read')
  const after = sound.changes.get('cards') ?? []
  const moved = after.map(({ key, after: text }) => [JSON.parse(key)[0], text && JSON.parse(text).pos] as const)
  return { ...scene.ours, ...Object.fromEntries(moved) }
}

/** c1 was deleted, and ours has it back where c2 was, which made room; theirs moved c3 where c2 is now. */
const BACK: Scene = {
  base: { c2: 2, c3: 3 },
  ours: { c1: 2, c2: 1, c3: 3 },
  theirs: { c2: 2, c3: 1 },
  merged: { c1: 2, c2: 1, c3: 1 },
}

describe('a record that came back', () => {
  test('is told from a new one by history, which is asked first', () => {
    const needs = merge(BACK)
    expect(needs).toMatchObject({ earlier: new Map([['cards', new Set(['["c1"]'])]]), pasts: [], lines: [] })
    expect(boardAfter({ ...BACK, earlier: {} })).toEqual({ c1: undefined, c2: 2, c3: 1 })
  })

  test('keeps its place: who ranks first goes back for it, and the report says why', () => {
    const scene = { ...BACK, earlier: { c1: 1 } }
    expect(boardAfter(scene)).toEqual({ c1: 2, c2: 1, c3: 3 })
    expect(merge(scene)).toMatchObject({
      quarantined: [],
      decisions: [{ key: '["c3"]', field: 'pos', kind: 'constraint', chosen: '3', rule: 'no-place' }],
    })
  })

  test('makes others take what they had on a side, where what they had before is its place; the lines are read for that', () => {
    const scene = {
      base: { c0: 0, c3: 3 },
      ours: { c1: 0, c0: 1, c3: 3 },
      theirs: { c0: 3, c3: 0 },
      merged: { c1: 0, c0: 3, c3: 0 },
      earlier: { c1: 7 },
    }
    expect(merge(scene)).toMatchObject({ lines: ['cards'] })
    expect(boardAfter({ ...scene, lines: [] })).toEqual({ c1: 0, c0: 1, c3: 3 })
  })

  test('goes back to what it was when it was added, where another came back into the same place', () => {
    const scene = { base: {}, ours: { c1: 5 }, theirs: { c2: 5 }, merged: { c1: 5, c2: 5 }, lines: [] }
    expect(boardAfter({ ...scene, earlier: { c1: 1, c2: 2 } })).toEqual({ c1: 1, c2: 5 })
  })

  test('is quarantined where no value it ever had is left for it, and then no record is that nobody deleted', () => {
    // ours deleted c3 and closed the gap
    const scene = {
      base: { c1: 1, c2: 2, c3: 3 },
      ours: { old: 1, c1: 2, c2: 3 },
      theirs: { c1: 3, c2: 2, c3: 1 },
      merged: { old: 1, c1: 3, c2: 3, c3: 1 },
      earlier: { old: 1 },
      lines: [],
    }
    const after = boardAfter(scene)
    expect(Object.values(after).filter((pos) => pos === undefined)).toHaveLength(1)
    expect([after['c1'], after['c2']]).not.toContain(undefined)
  })
})
