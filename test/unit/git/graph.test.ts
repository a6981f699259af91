/** Which commits are taken at their word. */
import { describe, expect, test } from 'vitest'
import { isByRule, unrecorded } from '../../../src/git/history/graph.ts'
import type { CommitFacts } from '../../../src/git/history/commits.ts'

const [here, there, tree, other] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
  string,
]
const none = unrecorded({ id: 'commit', parents: [here], committedAt: 1000, asset: 'office' })
const clock = { since: 1, at: 2 }

/** A merge as the tool makes it for live edits that a pull met. */
const merge: CommitFacts = { ...none, parents: [here, there], tree, rule: { version: 1, parent: here, tree } }

describe('a commit is known to hold what the rule gives', () => {
  test('when it is a data commit on the parent that it names', () => {
    const data = { ...none, clock, rule: { version: 1, parent: here, tree: undefined } }
    expect(isByRule(data)).toBe(true)
    expect(isByRule({ ...data, parents: [there] })).toBe(false)
    expect(isByRule({ ...data, clock: undefined })).toBe(false)
  })

  test('when it is a merge that names its first parent and its tree', () => {
    expect(isByRule(merge)).toBe(true)
    expect(isByRule({ ...merge, parents: [there, here] })).toBe(false)
  })

  test('not when somebody amended that merge', () => {
    expect(isByRule({ ...merge, tree: other })).toBe(false)
  })

  test('not when it is a merge that names no tree, or says nothing', () => {
    expect(isByRule({ ...merge, rule: { version: 1, parent: here, tree: undefined } })).toBe(false)
    expect(isByRule({ ...merge, rule: undefined })).toBe(false)
    expect(isByRule(none)).toBe(false)
  })
})
