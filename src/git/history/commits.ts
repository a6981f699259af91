/** Reads commits: their facts, the trailers of data commits, ancestry and merge bases. */
import { once } from '../../model/once.ts'
import type { WriterStamp } from '../../model/rules.ts'
import type { GitObject } from '../objects/object-reader.ts'
import type { Repository } from '../repository.ts'
import { type CommitTexts, commitTexts } from './commit-object.ts'
import { TRAILERS, TRAILER_EXPORT } from './trailers.ts'

/** One commit as read from `git log`; times in milliseconds. */
export interface CommitFacts {
  readonly id: string
  readonly parents: readonly string[]
  readonly committedAt: number
  readonly author: string
  readonly tree: string
  /** `Tandem-Export: <id>`, undefined for commits that are not the tool's. */
  readonly exportId: string | undefined
  /** The export ids that the message of a squash quotes; empty for every other commit. */
  readonly quoted: readonly string[]
  readonly asset: string | undefined
  /** Of the trailer; undefined without one. */
  readonly clock: { readonly since: number; readonly at: number } | undefined
  readonly rule: { readonly version: number; readonly parent: string; readonly tree: string | undefined } | undefined
  /** Names made by `heldName`. */
  readonly held: readonly string[]
  /** Names made by `recordName`; empty when the commit is not on the parent that the trailer names. */
  readonly accepted: readonly string[]
  /** Names made by `uniqueName`. */
  readonly uniques: readonly string[]
}

/** The full id of the commit that a text names (an id, branch, tag, `HEAD~3`); undefined when it names none. A text that starts with `-` is never taken for an option. */
export async function commitNamed(repository: Repository, text: string): Promise<string | undefined> {
  const [commit] = await repository.objects.read([`${text}^{commit}`])
  return commit?.id
}

/** Answers about commits named by their full ids never change: each is asked once in a run. */
const ancestry = new WeakMap<Repository, (pair: string) => Promise<boolean>>()

/** True when `ancestor` is `commit` or in its history. Both are full ids. */
export async function isAncestor(repository: Repository, ancestor: string, commit: string): Promise<boolean> {
  if (ancestor === commit) return true
  const ask = ancestry.get(repository) ?? once((pair: string) => askAncestor(repository, pair))
  ancestry.set(repository, ask)
  return ask(`${ancestor} ${commit}`)
}

async function askAncestor(repository: Repository, pair: string): Promise<boolean> {
  const [ancestor = '', commit = ''] = pair.split(' ')
  // parent and child are the usual question, and no process is needed for it
  const [older, newer] = await repository.objects.read([ancestor, commit])
  if (older?.type !== 'commit') return false
  if (isParent(ancestor, newer)) return true
  if (isParent(commit, older)) return false
  return (await repository.git(['rev-list', '--max-count=1', ancestor, '--not', commit], { answers: [128] })) === ''
}

/** True when the commit object names `id` as a parent. */
function isParent(id: string, commit: GitObject | undefined): boolean {
  return commit?.bytes.toString('latin1').split('\n\n', 1)[0]?.includes(`\nparent ${id}`) === true
}

/** True when this clone has a commit with this id. */
export async function commitExists(repository: Repository, id: string): Promise<boolean> {
  const [object] = await repository.objects.read([id])
  return object?.type === 'commit'
}

/** All merge bases, best first; empty for unrelated histories. */
export async function mergeBases(repository: Repository, a: string, b: string): Promise<string[]> {
  return lines(await repository.git(['merge-base', '--all', a, b], { answers: [1] }))
}

const FIELDS = ['%H', '%P', '%ct', '%ae', '%T', ...TRAILERS.map(trailer)]

function trailer(name: string): string {
  return `%(trailers:key=${name},valueonly,separator=%x20)`
}

/** The commits that `git log` lists with these arguments, newest first. @throws GitError when an argument names no commit */
export async function commitsOf(repository: Repository, args: readonly string[]): Promise<CommitFacts[]> {
  const text = await repository.git(['log', '-z', `--format=${[...FIELDS, '%b'].join('%x01')}`, ...args])
  return text.split('\0').filter(Boolean).map(factsInLine)
}

/** The commit with this name. @throws GitError when there is none */
export async function commitAt(repository: Repository, name: string): Promise<CommitFacts> {
  const commit = (await commitFromObject(repository, name)) ?? (await commitsOf(repository, ['--max-count=1', name]))[0]
  return commit as CommitFacts
}

/** The commit with this name as its object says; undefined where git has to be asked. */
export async function commitFromObject(repository: Repository, name: string): Promise<CommitFacts | undefined> {
  const texts = await commitTexts(repository, name)
  return texts === undefined ? undefined : factsOf(texts)
}

/** The commits in `head`'s history that are not in `base`'s, newest first; both are full ids. @param options further ones of git log @throws GitError when one does not exist */
export async function commitsSince(
  repository: Repository,
  range: { readonly base: string; readonly head: string },
  options: readonly '--merges'[] = [],
): Promise<CommitFacts[]> {
  const { base, head } = range
  if (base === head) return []
  // parent and child are the usual question, and no process is needed for it
  const child = await commitFromObject(repository, head)
  if (child?.parents.length === 1 && child.parents[0] === base && (await commitExists(repository, base)))
    return options.includes('--merges') ? [] : [child]
  return commitsOf(repository, [...options, head, '--not', base])
}

function factsInLine(line: string): CommitFacts {
  const [id = '', parents = '', seconds, author = '', tree = '', ...texts] = line.split('\x01')
  const trailers = texts.slice(0, TRAILERS.length)
  const [body = ''] = texts.slice(TRAILERS.length)
  const committedAt = Number(seconds)
  return factsOf({ id, parents: parents.split(' ').filter(Boolean), committedAt, author, tree, trailers, body })
}

function factsOf({ id, parents, committedAt, author, tree, trailers, body }: CommitTexts): CommitFacts {
  const [exportId, asset, clock = '', rule = '', held = '', accept = '', uniques = ''] = trailers
  const times = /^(\d{1,15}) (\d{1,15})$/.exec(clock.trim())
  const place = /^(\d{1,9}) ([0-9a-f]{40,64})(?: ([0-9a-f]{40,64}))?$/.exec(rule.trim())
  return {
    id,
    parents,
    committedAt: committedAt * 1000,
    author,
    tree,
    exportId: exportId?.trim() || undefined,
    quoted: quotedIn(body, exportId?.trim() ?? ''),
    asset: asset?.trim() || undefined,
    clock: times === null ? undefined : { since: Number(times[1]), at: Number(times[2]) },
    rule: place === null ? undefined : { version: Number(place[1]), parent: place[2] as string, tree: place[3] },
    held: held.split(/\s+/).filter(Boolean),
    accepted: acceptedOn(parents, accept),
    uniques: uniques.split(/\s+/).filter(Boolean),
  }
}

/** The export ids quoted in a message. The message of a squash contains those of its commits, with their trailers in the middle of the text or indented. */
function quotedIn(body: string, own: string): string[] {
  if (!body.includes(TRAILER_EXPORT)) return []
  const ids = idsWritten(body)
  return ids.length === 1 && ids[0] === own ? [] : ids
}

function idsWritten(text: string): string[] {
  return [...new Set([...text.matchAll(/^[ \t*]*Tandem-Export: *(\S+)/gm)].map((match) => match[1] as string))]
}

/** The records of an acceptance, if the commit is still on the parent that the acceptance names; else none. */
function acceptedOn(parents: readonly string[], text: string): string[] {
  const [parent, ...records] = text.split(/\s+/).filter(Boolean)
  if (parents.length !== 1 || parent !== parents[0]) return []
  return records.filter((record) => record.includes('/'))
}

/** The export ids of the commits, and those that they quote. Rebase, amend, cherry-pick and most squash merges keep them. */
export function exportIds(commits: readonly CommitFacts[]): Set<string> {
  return new Set(commits.flatMap((commit) => [...(commit.exportId?.split(/\s+/) ?? []), ...commit.quoted]))
}

/** The stamp of a commit's writes: from its trailers, else from its date and author. */
export function stampOf(commit: CommitFacts): WriterStamp {
  const { since, at } = commit.clock ?? { since: commit.committedAt - 1000, at: commit.committedAt }
  return { asset: commit.asset ?? commit.author, since, at }
}

/** True when a ref besides the current branch and the tool's own refs contains the commit: a remote-tracking branch, a tag, another branch. */
export async function isShared(repository: Repository, commit: string): Promise<boolean> {
  const refs = lines(await repository.git(['for-each-ref', '--format=%(HEAD) %(refname)', `--contains=${commit}`]))
  return refs.some((line) => !line.startsWith('*') && !line.includes(' refs/tandem/'))
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean)
}

/** A line of a file that a commit added or removed, without its sign, and who made the commit. */
export interface WrittenLine {
  readonly line: string
  /** False: the commit removed it. */
  readonly isAdded: boolean
  readonly stamp: WriterStamp
}

/**
 * Every line that the commits of a range added to or removed from the files at a path, newest commit first. Merges are left out.
 * @param range arguments of git log that name the commits
 * @param place path of a file or folder from the repository's root
 */
export async function linesWritten(
  repository: Repository,
  range: readonly string[],
  place: string,
): Promise<WrittenLine[]> {
  // --full-history: also commits whose changes another commit took back; -U0: only changed lines; --text and no external tools: the bytes as they are
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
    const stamp = stampOf(factsInLine(facts))
    for (const line of changed)
      if (/^[+-]\{/.test(line)) written.push({ line: line.slice(1), isAdded: line.startsWith('+'), stamp })
  }
  return written
}
