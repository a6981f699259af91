/** What commits say about each other: ancestry, merge bases, the trailers of data commits, and the clocks made from them. */
import type { WriterStamp } from '../model/rules.ts'
import type { Repository } from './repository.ts'

/** Trailers of a data commit. */
const TRAILER_EXPORT = 'Tandem-Export'
const TRAILER_ASSET = 'Tandem-Asset'
const TRAILER_CLOCK = 'Tandem-Clock'
/**
 * `<version of the merge rule> <parent>`: which rule the commit was made by, and where it stood; moved by a rebase, it no longer names its parent. A merge also names its
 * tree: amended by a person, it no longer is what the rule gives.
 */
const TRAILER_RULE = 'Tandem-Rule'
/** `source/collection …` that the commit left as its parent had them. */
const TRAILER_HELD = 'Tandem-Held'
/** `<parent> <record> …`: what merges before had dropped of these records is meant so. */
const TRAILER_ACCEPT = 'Tandem-Accept'

/** The version of the merge rule (docs/convergence.md). */
export const RULE_VERSION = 1

/** One commit as read from `git log`; times in milliseconds. */
export interface CommitFacts {
  readonly id: string
  readonly parents: readonly string[]
  readonly committedAt: number
  readonly author: string
  readonly tree: string
  /** `Tandem-Export: <id>`, undefined for commits that are not the tool's. */
  readonly exportId: string | undefined
  /** The export ids of the data commits that a squash put together, as its message quotes them; empty for every other commit. */
  readonly quoted: readonly string[]
  readonly asset: string | undefined
  readonly clock: { readonly since: number; readonly at: number } | undefined
  readonly rule: { readonly version: number; readonly parent: string; readonly tree: string | undefined } | undefined
  readonly held: readonly string[]
  /** Names made by `recordName`. */
  readonly accepted: readonly string[]
}

/** What the trailers of a data commit say; times in milliseconds. */
export interface DataTrailers {
  readonly exportId: string
  readonly asset: string
  /** The clock of the parent. */
  readonly since: number
  readonly nowMs: number
  /** The first exports of these sources: no write of theirs came before, so the records' own times count, however old. */
  readonly isFirst?: boolean
  readonly parent: string
  /** What is not exported; undefined: the commit is no whole export at all. */
  readonly held: readonly string[] | undefined
  /** Names made by `recordName`. */
  readonly accepted: readonly string[]
}

/** The trailers of a data commit, a line each. */
export function dataTrailers(trailers: DataTrailers): string[] {
  const { exportId, asset, since, nowMs, isFirst, parent, held, accepted } = trailers
  const own = [
    `${TRAILER_EXPORT}: ${exportId}`,
    `${TRAILER_ASSET}: ${asset}`,
    `${TRAILER_CLOCK}: ${isFirst === true ? 0 : since} ${Math.max(nowMs, since + 1)}`,
  ]
  if (held === undefined) return own
  own.push(...ruleTrailers({ parent, held }))
  if (accepted.length > 0) own.push(`${TRAILER_ACCEPT}: ${parent} ${accepted.join(' ')}`)
  return own
}

/** By which rule, and where, a commit was made; a merge by the tool (with its tree) says that its files are what the rule gives, but for what is held. */
export function ruleTrailers(made: {
  readonly parent: string
  readonly tree?: string
  readonly held: readonly string[]
}): string[] {
  const { parent, tree, held } = made
  const rule = [`${TRAILER_RULE}: ${RULE_VERSION}`, parent, ...(tree === undefined ? [] : [tree])].join(' ')
  return held.length === 0 ? [rule] : [rule, `${TRAILER_HELD}: ${held.join(' ')}`]
}

/** A record in a trailer: one word, whatever its key holds. */
export function recordName(source: string, collection: string, key: string): string {
  return [source, collection, key].map(encodeURIComponent).join('/')
}

/** A source in a trailer, or one of its collections. */
export function heldName(source: string, collection?: string): string {
  return `${source}/${collection === undefined ? '*' : encodeURIComponent(collection)}`
}

/** True when `ancestor` is `commit` or in its history. */
export async function isAncestor(repository: Repository, ancestor: string, commit: string): Promise<boolean> {
  if (ancestor === commit) return true
  const answer = await repository.git(['rev-list', '--max-count=1', ancestor, '--not', commit], { answers: [128] })
  return answer === '' && (await commitExists(repository, ancestor))
}

export async function commitExists(repository: Repository, id: string): Promise<boolean> {
  return (await repository.git(['cat-file', '-t', id], { answers: [128] })) === 'commit'
}

/** All merge bases, best first; empty for unrelated histories. */
export async function mergeBases(repository: Repository, a: string, b: string): Promise<string[]> {
  return lines(await repository.git(['merge-base', '--all', a, b], { answers: [1] }))
}

const TRAILERS = [TRAILER_EXPORT, TRAILER_ASSET, TRAILER_CLOCK, TRAILER_RULE, TRAILER_HELD, TRAILER_ACCEPT]
const FIELDS = ['%H', '%P', '%ct', '%ae', '%T', ...TRAILERS.map(trailer)]

function trailer(name: string): string {
  return `%(trailers:key=${name},valueonly,separator=%x20)`
}

/** The commits that `git log ARGS` lists, newest first. */
export async function commitsOf(repository: Repository, args: readonly string[]): Promise<CommitFacts[]> {
  const text = await repository.git(['log', '-z', `--format=${[...FIELDS, '%b'].join('%x01')}`, ...args])
  return text.split('\0').filter(Boolean).map(factsOf)
}

/** One commit. */
export async function commitAt(repository: Repository, name: string): Promise<CommitFacts> {
  const [commit] = await commitsOf(repository, ['--max-count=1', name])
  return commit as CommitFacts
}

function factsOf(line: string): CommitFacts {
  const [id = '', parentIds = '', seconds, author = '', tree = '', ...trailers] = line.split('\x01')
  const [exportId, asset, clock = '', rule = '', held = '', accept = '', body = ''] = trailers
  const times = /^(\d{1,15}) (\d{1,15})$/.exec(clock.trim())
  const place = /^(\d{1,9}) ([0-9a-f]{40,64})(?: ([0-9a-f]{40,64}))?$/.exec(rule.trim())
  const parents = parentIds.split(' ').filter(Boolean)
  return {
    id,
    parents,
    committedAt: Number(seconds) * 1000,
    author,
    tree,
    exportId: exportId?.trim() || undefined,
    quoted: quotedIn(body, exportId?.trim() ?? ''),
    asset: asset?.trim() || undefined,
    clock: times === null ? undefined : { since: Number(times[1]), at: Number(times[2]) },
    rule: place === null ? undefined : { version: Number(place[1]), parent: place[2] as string, tree: place[3] },
    held: held.split(/\s+/).filter(Boolean),
    accepted: acceptedOn(parents, accept),
  }
}

/** The message of a squash holds those of its commits: their trailers stand in its middle, or indented. */
function quotedIn(body: string, own: string): string[] {
  if (!body.includes(TRAILER_EXPORT)) return []
  const ids = idsWritten(body)
  return ids.length === 1 && ids[0] === own ? [] : ids
}

function idsWritten(text: string): string[] {
  return [...new Set([...text.matchAll(/^[ \t*]*Tandem-Export: *(\S+)/gm)].map((match) => match[1] as string))]
}

/** An acceptance counts only while the commit stands on the parent whose drops it accepts. */
function acceptedOn(parents: readonly string[], text: string): string[] {
  const [parent, ...records] = text.split(/\s+/).filter(Boolean)
  if (parents.length !== 1 || parent !== parents[0]) return []
  return records.filter((record) => record.includes('/'))
}

/** The ids in `Tandem-Export` of a range's commits, or quoted by them; kept by rebase, amend, cherry-pick and most squash merges. */
export function exportIds(commits: readonly CommitFacts[]): Set<string> {
  return new Set(commits.flatMap((commit) => [...(commit.exportId?.split(/\s+/) ?? []), ...commit.quoted]))
}

/** The stamp of a commit's writes: its trailer's, else its date and author. */
export function stampOf(commit: CommitFacts): WriterStamp {
  const { since, at } = commit.clock ?? { since: commit.committedAt - 1000, at: commit.committedAt }
  return { asset: commit.asset ?? commit.author, since, at }
}

/** True when any ref but the current branch and the tool's own contains the commit: a remote-tracking branch, a tag, another branch. */
export async function isShared(repository: Repository, commit: string): Promise<boolean> {
  const refs = lines(await repository.git(['for-each-ref', '--format=%(HEAD) %(refname)', `--contains=${commit}`]))
  return refs.some((line) => !line.startsWith('*') && !line.includes(' refs/tandem/'))
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean)
}

/** One line of a file that a commit added or took away, without its sign. */
export interface WrittenLine {
  readonly line: string
  readonly stamp: WriterStamp
}

/** Every line that the commits of a range (arguments of git log) added to or took from files at `place`, newest commit first. Merges add nothing of their own. */
export async function linesWritten(
  repository: Repository,
  range: readonly string[],
  place: string,
): Promise<WrittenLine[]> {
  // --full-history: also commits whose net effect is nil; -U0: changed lines only; --text and no external tools: the bytes as they are
  const args = [
    'log',
    '--no-merges',
    '--full-history',
    '--no-renames',
    '--text',
    '--no-ext-diff',
    '--no-textconv',
    '-p',
    '-U0',
  ]
  const format = `--format=%x02${FIELDS.join('%x01')}`
  const text = await repository.git([...args, format, ...range, '--', `:(top,literal)${place}`])
  const written: WrittenLine[] = []
  for (const entry of text.split('\x02').filter(Boolean)) {
    const [facts = '', ...changed] = entry.split('\n')
    const stamp = stampOf(factsOf(facts))
    for (const line of changed) if (/^[+-]\{/.test(line)) written.push({ line: line.slice(1), stamp })
  }
  return written
}
