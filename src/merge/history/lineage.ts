/** Which record a key stands for. Two databases may give the same number to two records; the events of one of these records must not be taken for events of the other. */
import type { Sides } from '../../model/side.ts'
import type { RecordText } from '../../model/canonical.ts'
import type { HistoryCommit } from '../../model/history.ts'
import { isCopyOf } from './copies.ts'
import { areTwoRecords } from '../identity.ts'
import type { LocatedEvent, Rule } from './rule.ts'
import type { Added, SidesInput } from './sides.ts'
import { sameContent } from '../versions.ts'

/** The commit that added a record, and the record as it was added. */
export interface RecordOrigin extends Added {
  readonly commit: string
  readonly exportId: string | undefined
  readonly quoted: readonly string[]
}

/** The events of a merge after the records under one key were told apart. */
export interface Lineages {
  /** The events without those of another record that had the key before. */
  readonly events: Sides<readonly LocatedEvent[]>
  /** Set when the two sides hold different records under the key: each record as it was added. */
  readonly added: SidesInput['added']
}

/** The two commits that are merged, and the events of each side since their common past. */
export interface LineageQuestion {
  readonly commits: Sides<string>
  readonly events: Sides<readonly LocatedEvent[]>
}

/** Finds out whether the two sides hold the same record under the key. Only looked at where two records can have one key and one was added since the common past. */
export function lineagesOf(rule: Rule, { commits, events }: LineageQuestion): Lineages {
  const { rules } = rule
  const isNew = [...events.ours, ...events.theirs].some(({ before }) => before === undefined)
  if (!isNew || (!rules.serialKey && rules.identity === undefined)) return { events, added: undefined }
  const [ours, theirs] = [originOf(rule, commits.ours), originOf(rule, commits.theirs)]
  if (ours !== undefined && theirs !== undefined && !areRelated(rule, ours, theirs))
    return { events, added: { ours, theirs } }
  const origin = ours ?? theirs
  if (origin === undefined) return { events, added: undefined }
  const own = (event: LocatedEvent): boolean => {
    const from = originOfEvent(rule, event)
    return from === undefined || areRelated(rule, origin, from)
  }
  return { events: { ours: events.ours.filter(own), theirs: events.theirs.filter(own) }, added: undefined }
}

/** True when two origins are of one record: added once, added again after it was deleted, or added on both sides with the same identity. */
function areRelated(rule: Rule, a: RecordOrigin, b: RecordOrigin): boolean {
  if (a.commit === b.commit) return true
  if (isCopyOf(a, b)) return true
  const { history, rules } = rule
  if (history.isAncestor(a.commit, b.commit) || history.isAncestor(b.commit, a.commit)) return true
  return !areTwoRecords({ ours: a.text, theirs: b.text }, rules)
}

function originOfEvent(rule: Rule, { commit, after }: LocatedEvent): RecordOrigin | undefined {
  if (after !== undefined) return originOf(rule, commit)
  const holder = holdersOf(rule, rule.history.commit(commit))[0]
  return holder === undefined ? undefined : originOf(rule, holder)
}

/** Those of the commit's parents that hold the record. */
function holdersOf(rule: Rule, { parents }: HistoryCommit): string[] {
  return parents.filter((parent) => rule.state(parent) !== undefined)
}

/** The origin of the record at commit `id`; undefined when it is absent there. */
export function originOf(rule: Rule, id: string): RecordOrigin | undefined {
  let at = id
  for (;;) {
    const text = rule.state(at)
    if (text === undefined) return undefined
    const commit = rule.history.commit(at)
    const [first, second] = holdersOf(rule, commit)
    if (first === undefined) {
      const writer = { asset: commit.asset, since: commit.since, at: commit.at }
      return { commit: at, exportId: commit.exportId, quoted: commit.quoted, text, writer }
    }
    at = second === undefined ? first : heirOf(rule, { text, first, second })
  }
}

/**
 * The parent from which a merge commit has its record, where both parents hold one. Of two different records: the parent whose record the commit holds. Of one record that was
 * deleted and added again: the parent with the later addition. Of one record that both sides added: the parent with the earlier addition.
 */
function heirOf(
  rule: Rule,
  { text, first, second }: { readonly text: RecordText; readonly first: string; readonly second: string },
): string {
  const outcome = rule.merge(first, second)
  if (outcome.kind === 'collision') {
    const isMoved = sameContent(text, outcome.moved, rule.rules) && !sameContent(text, outcome.kept, rule.rules)
    return (outcome.keptSide === 'ours') === isMoved ? second : first
  }
  const [a, b] = [originOf(rule, first), originOf(rule, second)]
  if (a === undefined || b === undefined) return a === undefined ? second : first
  if (a.commit !== b.commit && rule.history.isAncestor(a.commit, b.commit)) return second
  return b.writer.at < a.writer.at && !rule.history.isAncestor(b.commit, a.commit) ? second : first
}
