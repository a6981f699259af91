/** The rule under test, and rules to try the oracle on: the full form, which must break no law, and rules that everybody thinks of first, which must. */
import type { RecordText } from '../../../src/model/canonical.ts'
import type { Decision } from '../../../src/model/decision.ts'
import type { RecordHistory } from '../../../src/model/history.ts'
import { convergence } from '../../../src/merge/history/convergence.ts'
import { mergeRecord } from '../../../src/merge/record.ts'
import { putTogether, takeApart } from './registers.ts'
import type { Rule, RuleMaker } from './world.ts'

type Text = RecordText | undefined

const numberOf = (id: string): number => Number(id.slice(1))

/** The rule of the program. */
const program: RuleMaker = (history, rules) => {
  const rule = convergence(history, rules, '["1"]')
  return {
    state: (id) => rule.state(id),
    merge: (ours, theirs) => {
      const merged = rule.merge(ours, theirs)
      return merged.kind === 'merged' ? merged : { text: merged.kept, decisions: [merged.decision] }
    },
  }
}

/** The oracle's own full form as a rule. It names every value that differs. */
const fullForm: RuleMaker = (_, rules, { log, full }) => {
  const textOf = (commits: readonly number[]): Text => {
    const state = full.state(commits)
    return state === undefined ? undefined : putTogether(state, log.shape)
  }
  const merge = (a: string, b: string): { text: Text; decisions: Decision[] } => {
    const [ours, theirs, text] = [textOf([numberOf(a)]), textOf([numberOf(b)]), textOf([numberOf(a), numberOf(b)])]
    const kind = ours === undefined || theirs === undefined ? 'edit-delete' : 'edit-edit'
    const decision = {
      collection: rules.collection,
      key: '["1"]',
      field: undefined,
      kind,
      base: undefined,
      ours,
      theirs,
      chosen: text,
      rule: 'newest',
    } as const
    return { text, decisions: ours === theirs ? [] : [decision] }
  }
  return { state: (id) => textOf([numberOf(id)]), merge }
}

/** What files say, merged three-way over a merge base: depends on the order of merges. */
const threeWay: RuleMaker = (history, rules) =>
  ruleOfFiles(history, (ours, theirs) => {
    const [base] = history.bases(ours, theirs)
    const texts = {
      base: base === undefined ? undefined : history.content(base),
      ours: history.content(ours),
      theirs: history.content(theirs),
    }
    const stamps = { ours: history.commit(ours), theirs: history.commit(theirs) }
    const merged = mergeRecord({ key: '["1"]', ...texts, rules, stamps })
    return merged.kind === 'merged' ? merged : { text: merged.kept, decisions: [merged.decision] }
  })

/** The whole record with the later time field wins: loses what the other side alone had written. */
const latestRecord: RuleMaker = (history, _, { log }) =>
  ruleOfFiles(history, (a, b) => {
    const [ours, theirs] = [history.content(a), history.content(b)]
    const time = (text: Text): number => Number(takeApart(text, log.shape)[log.shape.time] ?? 0)
    const order = time(ours) - time(theirs) || ((ours ?? '') < (theirs ?? '') ? -1 : 1)
    return { text: order > 0 ? ours : theirs, decisions: [] }
  })

type Merge = (ours: string, theirs: string) => { readonly text: Text; readonly decisions: readonly Decision[] }

/** A rule for which a commit holds what its file says. */
function ruleOfFiles(history: RecordHistory, merge: Merge): Rule {
  return {
    state: (id) => history.content(id),
    merge: (ours, theirs) => {
      if (history.isAncestor(ours, theirs)) return { text: history.content(theirs), decisions: [] }
      if (history.isAncestor(theirs, ours)) return { text: history.content(ours), decisions: [] }
      return merge(ours, theirs)
    },
  }
}

/** By the name they are asked for on the command line. */
export const RULES: Readonly<Record<string, RuleMaker>> = {
  program,
  'full-form': fullForm,
  'three-way': threeWay,
  'latest-record': latestRecord,
}
