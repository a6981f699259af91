/** The sentences of a report: what happened to a record, and why a value was chosen. */
import type { Decision, DecisionKind, DecisionRule } from '../model/decision.ts'

const KINDS: Readonly<Record<DecisionKind, string>> = {
  'edit-edit': 'Both sides edited it.',
  'edit-delete': 'One side edited what the other deleted.',
  'add-add': 'Both sides added it.',
  duplicate: 'Both sides added the same record under different keys.',
  'key-collision': 'Both sides gave this key to different records.',
  constraint: 'Together both sides would have broken a constraint.',
  quarantine: 'The record could not be placed.',
  'merge-dropped': 'A merge commit had dropped what one side wrote.',
  'hand-resolved':
    'A merge commit holds what the rule would not have given: somebody resolved it, or git put lines together, or other rules were in force.',
}

const RULES: Readonly<Record<DecisionRule, string>> = {
  newest: 'it is newer',
  'most-complete': 'it is as new, and its record has more fields filled in',
  asset: 'it is as new and as complete, and its asset’s name comes last',
  bytes: 'all else is equal, and its value comes last byte by byte',
  keep: 'an edit is kept over a deletion',
  'set-union': 'what either side added is in, what either side removed is out',
  keyed: 'elements were merged by their key and sorted by it',
  counter: 'the changes of both sides were added up',
  'first-committed': 'it was committed first and keeps the key; the other record gets a new one and is not lost',
  rekeyed: 'theirs keeps it, ours was given a new one, and both records are there',
  quarantined: 'it is kept in quarantine (tandem quarantine), a person has to look at it',
  duplicate: 'both are one record now, field by field, under the key that was committed first',
  'no-parent': 'the record it refers to does not exist',
  'no-place': 'another record that existed before has no other value left',
  refused: 'the database refuses it',
  held: 'nothing was changed, a person has to look at it',
  decided: 'decided by hand, or by git’s text merge',
  accepted: 'what the merge dropped was accepted',
}

/** Where the result of a decision comes from. */
export type Chosen = 'ours' | 'theirs' | 'both' | 'neither'

/** Which side's value is the result: `both` where the sides have the same value, `neither` where the result was put together from both sides. */
export function chosenSide({ ours, theirs, chosen }: Decision): Chosen {
  if (chosen === ours) return chosen === theirs ? 'both' : 'ours'
  return chosen === theirs ? 'theirs' : 'neither'
}

/** What happened and why, for example `Both sides edited it. Chosen: **theirs**, since it is newer.` */
export function explain(decision: Decision): string {
  if (decision.kind === 'constraint') return explainConstraint(decision)
  const side = chosenSide(decision)
  const because = RULES[decision.rule] ?? decision.rule
  const happened = KINDS[decision.kind] ?? decision.kind
  if (side === 'ours' || side === 'theirs') return `${happened} Chosen: **${side}**, since ${because}.`
  return `${happened} Result: ${because}.`
}

/** The same for a record that could not stay as it was merged, because of a constraint. */
function explainConstraint({ rule, field, ours, chosen }: Decision): string {
  const happened = KINDS.constraint
  const because = RULES[rule] ?? rule
  if (rule === 'keep') return `${happened} The record is kept, since the other side has records that refer to it.`
  if (rule === 'refused') return `${happened} Live keeps its own and the other is quarantined, since ${because}.`
  const isWhole = field === undefined && chosen !== undefined
  if (isWhole) return `${happened} Chosen whole: **${chosen === ours ? 'ours' : 'theirs'}**, since ${because}.`
  const reason = rule === 'no-parent' || rule === 'no-place' ? because : `the record it clashed with won: ${because}`
  return `${happened} ${field === undefined ? 'It is quarantined' : 'It goes back to its former value'}, since ${reason}.`
}
