/** Which record a key stands for: two databases that hand out the same number make two records, and what one of them writes to its own is nothing to the other. */
import type { HistoryCommit } from '../model/history.ts'
import type { RecordText } from '../model/canonical.ts'
import { areTwoRecords } from './identity.ts'
import { isCopyOf } from './copies.ts'
import { type LocatedEvent, type Rule, type Sides } from './rule.ts'
import type { Added, SidesInput } from './sides.ts'
import { sameContent } from './versions.ts'

/** Where a record came from: the commit that added it. */
export interface Origin extends Added {
  readonly commit: string
  readonly exportId: string | undefined
  readonly quoted: readonly string[]
}

export interface Lineages {
  /** Without those of another record that once had the key. */
  readonly events: Sides<readonly LocatedEvent[]>
  readonly added: SidesInput['added']
}

export interface LineageQuestion {
  readonly commits: Sides<string>
  readonly events: Sides<readonly LocatedEvent[]>
}

/** Tells two records under one key apart, and the events of each. Asked only where keys may be handed out twice and a record was added since the common past. */
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

/** One record: added once, or again after it was deleted, or twice with the same identity. */
function areRelated(rule: Rule, a: Origin, b: Origin): boolean {
  if (a.commit === b.commit) return true
  if (isCopyOf(a, b)) return true
  const { history, rules } = rule
  if (history.isAncestor(a.commit, b.commit) || history.isAncestor(b.commit, a.commit)) return true
  return !areTwoRecords({ ours: a.text, theirs: b.text }, rules)
}

function originOfEvent(rule: Rule, { commit, after }: LocatedEvent): Origin | undefined {
  if (after !== undefined) return originOf(rule, commit)
  const holder = holdersOf(rule, rule.history.commit(commit))[0]
  return holder === undefined ? undefined : originOf(rule, holder)
}

function holdersOf(rule: Rule, { parents }: HistoryCommit): string[] {
  return parents.filter((parent) => rule.state(parent) !== undefined)
}

/** Where the record that `id` holds came from; undefined when it holds none. */
export function originOf(rule: Rule, id: string): Origin | undefined {
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

/** The parent whose record a merge kept, by hand or by the rule: the one added after the other was gone; of one record added twice, the first. */
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
