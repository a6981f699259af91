/** What both sides of the mirror are to hold, and the steps that get there. */
import { array, assert, constantFrom, option, property, record, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { type DecideInput, decide } from '../../../src/mirror/decide.ts'
import { collisions, exclusions, windowsProblem } from '../../../src/mirror/exclusions.ts'
import { guardReason } from '../../../src/mirror/guards.ts'
import { planSteps } from '../../../src/mirror/plan.ts'
import type { SideEntry, SideTree } from '../../../src/mirror/tree.ts'

const file = (content: string, mtimeMs = 0): SideEntry => ({ kind: 'file', content, sizeBytes: 1, mtimeMs })
const FOLDER: SideEntry = { kind: 'folder', content: '', sizeBytes: 0, mtimeMs: 0 }

const tree = (entries: Readonly<Record<string, SideEntry>>): SideTree => new Map(Object.entries(entries))

function inputOf(given: Partial<DecideInput>): DecideInput {
  const none = tree({})
  const sides = { agreed: none, primary: none, mirror: none, chosen: new Set<string>() }
  return { ...sides, mode: 'two-way', isCritical: () => false, prefer: undefined, stamp: 'S', ...given }
}

/** The steps, shortly: `mirror copy a`. */
function stepsOf(given: Partial<DecideInput>): string[] {
  const input = inputOf(given)
  return planSteps(decide(input), input).steps.map((step) =>
    [step.side, step.kind, 'from' in step ? `${step.from} >` : '', step.path].filter((word) => word !== '').join(' '),
  )
}

test('what one side changed goes to the other, and what one side deleted goes to the trash of the other', () => {
  const agreed = tree({ a: file('1'), b: file('2'), c: file('3') })
  const primary = tree({ a: file('new'), b: file('2'), c: file('3') })
  const mirror = tree({ a: file('1'), c: file('3') })
  expect(stepsOf({ agreed, primary, mirror })).toEqual(['primary trash b', 'mirror copy a'])
})

test('sides that never met are united: nothing goes to any trash', () => {
  const primary = tree({ a: file('1'), both: file('x', 1) })
  const mirror = tree({ b: file('2'), both: file('y', 2) })
  expect(stepsOf({ primary, mirror })).toEqual([
    'primary aside both > both.conflict-primary-S',
    'mirror copy a',
    'primary copy b',
    'primary copy both',
    'mirror copy both.conflict-primary-S',
  ])
})

test('a renamed file is renamed on the other side, also into a new folder', () => {
  const agreed = tree({ 'old.txt': file('text') })
  const primary = tree({ d: FOLDER, 'd/new.txt': file('text') })
  expect(stepsOf({ agreed, primary, mirror: agreed })).toEqual([
    'mirror make-folder d',
    'mirror move old.txt > d/new.txt',
  ])
})

test('a change outlives a deletion', () => {
  expect(stepsOf({ agreed: tree({ a: file('1') }), primary: tree({ a: file('2') }) })).toEqual(['mirror copy a'])
})

test('a file makes room for the folder that the other side made of its name', () => {
  const agreed = tree({ a: file('1') })
  const steps = stepsOf({
    agreed,
    primary: tree({ a: FOLDER, 'a/x': file('2') }),
    mirror: tree({ a: file('changed') }),
  })
  expect(steps).toEqual([
    'mirror aside a > a.conflict-mirror-S',
    'mirror make-folder a',
    'primary copy a.conflict-mirror-S',
    'mirror copy a/x',
  ])
})

test('one-way, the mirror gets what the primary has, whatever was changed on it', () => {
  const [agreed, primary] = [tree({ a: file('1'), b: file('3') }), tree({ a: file('1') })]
  const mirror = tree({ a: file('2'), b: file('3') })
  expect(stepsOf({ agreed, primary, mirror, mode: 'one-way' })).toEqual(['mirror trash b', 'mirror copy a'])
})

test('one-way, what the mirror has of others stays there, since it may be the only copy', () => {
  const agreed = tree({ d: FOLDER, 'd/ours': file('1') })
  const mirror = tree({ ...Object.fromEntries(agreed), 'd/theirs': file('2'), e: FOLDER, 'e/photo': file('3') })
  expect(stepsOf({ agreed, primary: tree({}), mirror, mode: 'one-way' })).toEqual(['mirror trash d/ours'])
  expect(stepsOf({ primary: tree({ a: file('1') }), mirror, mode: 'one-way' })).toEqual(['mirror copy a'])
})

test('one-way, sides that never met: that many files of the mirror are replaced only when a person allows it', () => {
  const names = Array.from({ length: 11 }, (_, i) => `f${i}`)
  const filled = (content: string): SideTree => tree(Object.fromEntries(names.map((name) => [name, file(content)])))
  const input = inputOf({ primary: filled('1'), mirror: filled('2'), mode: 'one-way' })
  const at = { agreed: tree({}), trees: input, plan: planSteps(decide(input), input), deletes: '100%' }
  expect(guardReason({ ...at, allowed: 0 })).toMatch(/never met, and 11 files of the mirror/)
  expect(guardReason({ ...at, allowed: 11 })).toBeUndefined()
})

test('no content is lost by any plan: what neither side deleted alone is wanted, or stays, or goes to a trash', () => {
  const entry = option(constantFrom(file('1', 1), file('2', 2), file('3', 3), FOLDER), { nil: undefined })
  const names = constantFrom('a', 'b', 'a/x', 'a/y', 'b/x')
  const entries = array(tuple(names, record({ agreed: entry, primary: entry, mirror: entry })), { maxLength: 5 })
  assert(
    property(entries, (rows) => {
      const side = (which: 'agreed' | 'primary' | 'mirror'): SideTree =>
        new Map(rows.flatMap(([name, row]) => (row[which] === undefined ? [] : [[name, row[which]]])))
      const input = inputOf({ agreed: side('agreed'), primary: whole(side('primary')), mirror: whole(side('mirror')) })
      const { steps } = planSteps(decide(input), input)
      for (const which of ['primary', 'mirror'] as const)
        for (const step of steps.filter((each) => each.side === which)) {
          const before = step.kind === 'copy' || step.kind === 'trash' ? step.before : undefined
          // a file that is replaced or deleted was agreed on, or is what the other side replaced it by
          if (before?.kind !== 'file' || input.agreed.get(step.path)?.content === before.content) continue
          const isSaved = [...decide(input).wanted.values()].some((wanted) => wanted.entry.content === before.content)
          if (!isSaved) return false
        }
      return true
    }),
    { numRuns: 500 },
  )
})

/** A tree as a disk can have it: what is above a file is a folder. */
function whole(entries: SideTree): SideTree {
  return new Map(
    [...entries].filter(([name]) => !name.includes('/') || entries.get(name.slice(0, 1))?.kind === 'folder'),
  )
}

test('a side that has none of the common files, or changed all of them, stops the run; so do many deletes', () => {
  const agreed = tree(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, file(`${i}`)])))
  const reason = (primary: SideTree, allowed = 0): string | undefined => {
    const input = inputOf({ agreed, primary, mirror: agreed })
    return guardReason({ agreed, trees: input, plan: planSteps(decide(input), input), deletes: '20%', allowed })
  }
  expect(reason(tree({}))).toMatch(/primary has none of the 30 files/)
  expect(reason(new Map([...agreed].map(([name]) => [name, file(`x${name}`)])))).toMatch(/every file of the primary/)
  expect(reason(new Map([...agreed].slice(11)))).toMatch(/11 of 30 files would go to the trash on the mirror/)
  expect(reason(new Map([...agreed].slice(11)), 11)).toBeUndefined()
  expect(reason(new Map([...agreed].slice(10)))).toBeUndefined()
})

test('names that are never mirrored, and those that other systems cannot have', () => {
  const isExcluded = exclusions(['*.log', '/data/app.db'])
  const takenBack = exclusions(['!.git', '!.git/**', '!.tandem-mirror'])
  expect(['.git/', '.git/config', '.tandem-mirror/'].filter((name) => !takenBack(name))).toEqual([])
  const left = ['.git', 'sub/.git/', 'a/__pycache__/', 'x.pyc', 'a.tmp', 'deep/a.log', 'data/app.db']
  expect(left.filter((name) => !isExcluded(name))).toEqual([])
  expect(['.gitignore', 'b/data/app.db', 'log'].filter(isExcluded)).toEqual([])
  expect(['con', 'a/NUL.txt', 'a:b', 'dot.', 'fine.txt'].map((name) => windowsProblem(name) === undefined)).toEqual([
    false,
    false,
    false,
    false,
    true,
  ])
  expect(collisions(['a', 'A', 'b/\u00e4', 'b/a\u0308', 'c'])).toHaveLength(2)
})
