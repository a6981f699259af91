/** Foreign keys between what two sides made, one case each: who is put back, who goes back to the parent it had, who has no place. (The laws over random sides: sound.test.ts.) */
import { describe, expect, test } from 'vitest'
import type { SourceDraft } from '../../../../src/merge/constraints/draft.ts'
import { settleReferences } from '../../../../src/merge/constraints/references.ts'
import { draftOf, schemaOf, textAt, to, type Side } from './draft-scene.ts'

const FAMILY = [
  schemaOf('grandparents'),
  schemaOf('parents', to('grandparents', 'up')),
  schemaOf('children', to('parents', 'up')),
]
const STAFF = [schemaOf('staff', to('staff', 'boss'))]
const PAIR = [schemaOf('left', to('right', 'right')), schemaOf('right', to('left', 'left'))]

/** Settles all collections until nothing moves; answers how many rounds moved something. */
function settle(draft: SourceDraft): number {
  for (let rounds = 0; rounds < 20; rounds++) {
    const moved = [...draft.schemas.keys()].map((name) => settleReferences(draft, name))
    if (!moved.includes(true)) return rounds
  }
  throw new Error('it does not end')
}

const P1 = { 1: '{"id":1}' }

describe('nothing is to be settled', () => {
  test.each([
    ['in empty collections', { parents: {}, children: {} }],
    ['where nothing was changed', { parents: { base: P1 }, children: { base: { 5: '{"id":5,"up":1}' } } }],
    [
      'where a new child has its parent',
      { parents: { base: P1 }, children: { ours: {}, merged: { 5: '{"id":5,"up":1}' } } },
    ],
    [
      'where parent and child are both new',
      { parents: { ours: {}, merged: P1 }, children: { ours: {}, merged: { 5: '{"id":5,"up":1}' } } },
    ],
    ['where a child refers to nobody', { parents: {}, children: { ours: {}, merged: { 5: '{"id":5,"up":null}' } } }],
    [
      'where a parent that nobody refers to is gone',
      { parents: { base: P1, merged: {} }, children: { base: { 5: '{"id":5}' } } },
    ],
    [
      'where the number is written in another form',
      { parents: { base: { 1: '{"id":"1"}' } }, children: { ours: {}, merged: { 5: '{"id":5,"up":1}' } } },
    ],
  ] as [string, Record<string, Side>][])('%s', (_where, sides) => {
    const draft = draftOf(FAMILY, { grandparents: {}, ...sides })
    expect(settle(draft)).toBe(0)
    expect(draft.decisions).toEqual([])
    expect(draft.quarantined).toEqual([])
  })

  test('towards a collection that takes no part', () => {
    const draft = draftOf([schemaOf('children', to('elsewhere', 'up'))], {
      children: { ours: {}, merged: { 5: '{"id":5,"up":1}' } },
    })
    expect(settle(draft)).toBe(0)
    expect(draft.needed).toEqual({
      records: new Set(),
      pasts: new Set(),
      lines: new Set(),
      earlier: new Map(),
      uniques: new Map(),
      references: new Map(),
    })
  })
})

describe('what has to be read first is asked for, and nothing is decided meanwhile:', () => {
  const orphan = { ours: {}, merged: { 5: '{"id":5,"up":1}' } }

  test('the records of the parents', () => {
    const draft = draftOf(FAMILY, { children: orphan })
    expect(settle(draft)).toBe(0)
    expect([...draft.needed.records]).toEqual(['parents'])
  })

  test('the records of the children, when a parent is gone', () => {
    const draft = draftOf(FAMILY, { grandparents: {}, parents: { base: P1, merged: {} } })
    expect(settle(draft)).toBe(0)
    expect([...draft.needed.records]).toEqual(['children'])
  })

  test('the past of both ends, when a child hangs in the air', () => {
    const draft = draftOf(FAMILY, { grandparents: {}, parents: {}, children: orphan }, false)
    expect(settle(draft)).toBe(0)
    expect([...draft.needed.pasts].toSorted()).toEqual(['children', 'parents'])
    expect(draft.decisions).toEqual([])
  })
})

describe('a parent that one side deleted', () => {
  test('is put back while the other’s child needs it, and that is told', () => {
    const draft = draftOf(FAMILY, {
      grandparents: {},
      parents: { base: P1, theirs: {}, merged: {} },
      children: { ours: { 5: '{"id":5,"up":1}' }, theirs: {} },
    })
    expect(settle(draft)).toBe(1)
    expect(textAt(draft, 'parents', 1)).toBe('{"id":1}')
    expect(draft.decisions).toEqual([
      {
        collection: 'parents',
        key: '[1]',
        field: undefined,
        kind: 'constraint',
        base: '{"id":1}',
        ours: '{"id":1}',
        theirs: undefined,
        chosen: '{"id":1}',
        rule: 'keep',
      },
    ])
  })

  test('is put back whichever side deleted it', () => {
    const draft = draftOf(FAMILY, {
      grandparents: {},
      parents: { base: P1, ours: {} },
      children: { ours: {}, theirs: { 5: '{"id":5,"up":1}' }, merged: { 5: '{"id":5,"up":1}' } },
    })
    expect(settle(draft)).toBe(1)
    expect(textAt(draft, 'parents', 1)).toBe('{"id":1}')
    expect(draft.decisions).toMatchObject([{ ours: undefined, theirs: '{"id":1}', rule: 'keep' }])
  })

  test('is put back with its own parents, however far up', () => {
    const draft = draftOf(FAMILY, {
      grandparents: { base: { 9: '{"id":9}' }, theirs: {}, merged: {} },
      parents: { base: { 1: '{"id":1,"up":9}' }, theirs: {}, merged: {} },
      children: { ours: { 5: '{"id":5,"up":1}' }, theirs: {} },
    })
    settle(draft)
    expect(textAt(draft, 'parents', 1)).toBe('{"id":1,"up":9}')
    expect(textAt(draft, 'grandparents', 9)).toBe('{"id":9}')
    expect(draft.quarantined).toEqual([])
  })

  test('is put back once for all its children', () => {
    const draft = draftOf(FAMILY, {
      grandparents: {},
      parents: { base: P1, theirs: {}, merged: {} },
      children: { ours: { 5: '{"id":5,"up":1}', 6: '{"id":6,"up":1}' }, theirs: {} },
    })
    settle(draft)
    expect(draft.decisions).toHaveLength(1)
  })
})

/** Children name parents by a value that a parent can lose without being deleted. */
const CODED = [schemaOf('parents'), schemaOf('children', to('parents', 'up', 'code'))]

/** One side changed the code 8 of parent 1 to 9. */
const RECODED: Side = {
  base: { 1: '{"code":8,"id":1}' },
  theirs: { 1: '{"code":9,"id":1}' },
  merged: { 1: '{"code":9,"id":1}' },
}

describe('a child whose parent was re-keyed', () => {
  test('goes back to the parent that it had', () => {
    const draft = draftOf(CODED, {
      parents: {
        base: { ...RECODED.base, 2: '{"code":1,"id":2}' },
        theirs: { ...RECODED.theirs, 2: '{"code":1,"id":2}' },
        merged: { ...RECODED.merged, 2: '{"code":1,"id":2}' },
      },
      children: { base: { 5: '{"id":5,"up":1}' }, ours: { 5: '{"id":5,"up":8}' } },
    })
    settle(draft)
    expect(textAt(draft, 'children', 5)).toBe('{"id":5,"up":1}')
    expect(draft.decisions).toMatchObject([{ collection: 'children', field: 'up', chosen: '1', rule: 'no-parent' }])
    expect(draft.quarantined).toEqual([])
  })

  test('is set aside when it never had another, with a sentence that is the same on every machine', () => {
    const draft = draftOf(CODED, { parents: RECODED, children: { ours: { 5: '{"id":5,"up":8}' }, theirs: {} } })
    settle(draft)
    expect(textAt(draft, 'children', 5)).toBeUndefined()
    expect(draft.quarantined).toEqual([
      {
        collection: 'children',
        key: '[5]',
        record: '{"id":5,"up":8}',
        reason: 'up refers to a record of parents that does not exist',
      },
    ])
    expect(draft.decisions).toMatchObject([{ kind: 'constraint', chosen: undefined, rule: 'no-parent' }])
  })

  test('is set aside when the parent that it had is nowhere either', () => {
    const draft = draftOf(CODED, {
      parents: RECODED,
      children: { base: { 5: '{"id":5,"up":7}' }, ours: { 5: '{"id":5,"up":8}' } },
    })
    settle(draft)
    expect(draft.quarantined).toMatchObject([{ key: '[5]', record: '{"id":5,"up":8}' }])
    expect(draft.decisions).toMatchObject([{ key: '[5]', field: undefined, chosen: undefined, rule: 'no-parent' }])
  })

  test('takes those along that refer to it and have nobody else', () => {
    const three = [...CODED, schemaOf('grandchildren', to('children', 'up'))]
    const draft = draftOf(three, {
      parents: RECODED,
      children: { ours: { 5: '{"id":5,"up":8}' }, theirs: {} },
      grandchildren: { ours: { 6: '{"id":6,"up":5}' }, theirs: {} },
    })
    settle(draft)
    expect(draft.quarantined.map(({ collection, key }) => `${collection} ${key}`)).toEqual([
      'children [5]',
      'grandchildren [6]',
    ])
  })
})

describe('a child whose parent no side ever had', () => {
  test('stays, whoever wrote it, and the plan says that it may', () => {
    const dangling = '{"id":5,"up":8}'
    const draft = draftOf(FAMILY, {
      grandparents: {},
      parents: {},
      children: { ours: { 6: dangling.replace('5', '6') }, theirs: { 5: dangling }, merged: { 5: dangling } },
    })
    expect(settle(draft)).toBe(0)
    expect(textAt(draft, 'children', 5)).toBe(dangling)
    expect([...draft.dangling]).toEqual(['children\u0000[5]'])
    expect([draft.quarantined, draft.decisions]).toEqual([[], []])
  })

  test('stays when somebody changes the parent that it never had to another one', () => {
    const draft = draftOf(FAMILY, {
      grandparents: {},
      parents: { base: P1 },
      children: { base: { 5: '{"id":5,"up":1}' }, ours: { 5: '{"id":5,"up":8}' } },
    })
    expect(settle(draft)).toBe(0)
    expect(textAt(draft, 'children', 5)).toBe('{"id":5,"up":8}')
  })

  test('stays without a parent that was deleted with the child left behind, and does not bring it back', () => {
    const child = { 5: '{"id":5,"up":1}' }
    const draft = draftOf(FAMILY, {
      grandparents: {},
      parents: { base: P1, theirs: {}, merged: {} },
      children: { base: child },
    })
    expect(settle(draft)).toBe(0)
    expect(textAt(draft, 'parents', 1)).toBeUndefined()
    expect(textAt(draft, 'children', 5)).toBe(child[5])
    expect([...draft.dangling]).toEqual(['children\u0000[5]'])
  })

  test('brings the parent back when the other side wrote it meanwhile', () => {
    const draft = draftOf(FAMILY, {
      grandparents: {},
      parents: { base: P1, theirs: {}, merged: {} },
      children: { base: { 5: '{"id":5,"up":1}' }, ours: { 5: '{"id":5,"n":2,"up":1}' } },
    })
    settle(draft)
    expect(textAt(draft, 'parents', 1)).toBe(P1[1])
  })
})

describe('references in a circle', () => {
  test('a record that refers to itself needs nobody', () => {
    const draft = draftOf(STAFF, { staff: { ours: {}, merged: { 1: '{"boss":1,"id":1}' } } })
    expect(settle(draft)).toBe(0)
  })

  test('a record that refers to itself is put back when another of its collection needs it', () => {
    const boss = '{"boss":1,"id":1}'
    const draft = draftOf(STAFF, {
      staff: {
        base: { 1: boss },
        ours: { 1: boss, 2: '{"boss":1,"id":2}' },
        theirs: {},
        merged: { 2: '{"boss":1,"id":2}' },
      },
    })
    expect(settle(draft)).toBe(1)
    expect(textAt(draft, 'staff', 1)).toBe(boss)
  })

  test('a chain within one collection is put back to its top', () => {
    const base = { 1: '{"id":1}', 2: '{"boss":1,"id":2}', 3: '{"boss":2,"id":3}' }
    const mine = '{"boss":3,"id":4}'
    const draft = draftOf(STAFF, { staff: { base, ours: { ...base, 4: mine }, theirs: {}, merged: { 4: mine } } })
    settle(draft)
    expect([1, 2, 3, 4].map((id) => textAt(draft, 'staff', id))).toEqual([...Object.values(base), mine])
    expect(draft.quarantined).toEqual([])
  })

  test('two that need each other are both put back for a third, and it ends', () => {
    const [left, right] = [{ 1: '{"id":1,"right":1}' }, { 1: '{"id":1,"left":1}' }]
    const mine = '{"id":2,"right":1}'
    const draft = draftOf(PAIR, {
      left: { base: left, ours: { ...left, 2: mine }, theirs: {}, merged: { 2: mine } },
      right: { base: right, theirs: {}, merged: {} },
    })
    settle(draft)
    expect([textAt(draft, 'left', 1), textAt(draft, 'right', 1)]).toEqual([left[1], right[1]])
    expect(draft.decisions.map(({ rule }) => rule)).toEqual(['keep', 'keep'])
  })

  test('two that need each other and that one side deleted are both gone', () => {
    const draft = draftOf(PAIR, {
      left: { base: { 1: '{"id":1,"right":1}' }, theirs: {}, merged: {} },
      right: { base: { 1: '{"id":1,"left":1}' }, theirs: {}, merged: {} },
    })
    expect(settle(draft)).toBe(0)
  })
})
