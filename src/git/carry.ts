/** Sending the data commit along with the push that is going on (docs/hooks.md): whether this push can take it, and the marker file for the push's last step. */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isRunning } from '../io/running.ts'
import { commitNamed } from './history/commits.ts'
import type { GitConfig } from './git-config.ts'
import { readPushArguments } from './push-arguments.ts'
import type { Repository } from './repository.ts'

/** One line of a pre-push hook's standard input (githooks(5)). */
export interface PushLine {
  readonly localRef: string
  readonly localId: string
  readonly remoteRef: string
  readonly remoteId: string
}

/** What pre-push knows of the push. */
export interface PushRequest {
  /** Name of the remote, or its URL when pushed by URL. */
  readonly remote: string
  readonly url: string
  readonly lines: readonly PushLine[]
  /** The words of `git push`; none where they are not known. */
  readonly words: readonly string[]
}

/**
 * Whether a push takes the data commit along. Yes: `remoteRef` of the remote will receive it, and git then updates the local ref `tracking`. No: the reason in words; `quiet` when
 * the user need not be told, `refused` when git itself sends nothing because the remote has moved on.
 */
export type Carriage =
  | { readonly carry: true; readonly remoteRef: string; readonly tracking: string }
  | { readonly carry: false; readonly reason: string; readonly quiet: boolean; readonly refused?: true }

/** The lines of a pre-push hook's standard input. */
export function parsePushLines(text: string): PushLine[] {
  return text.split('\n').flatMap((line) => {
    const [localRef, localId, remoteRef, remoteId] = line.trim().split(' ')
    if (localRef === undefined || localId === undefined || remoteRef === undefined || remoteId === undefined) return []
    return [{ localRef, localId, remoteRef, remoteId }]
  })
}

const NOT_AMONG = 'the current branch is not among what is pushed; its data goes with the next push of it'

const RELATIVE = 'a commit is pushed by a relative expression; to carry the data push the branch: git push'

const BY_URL =
  'pushed by URL, so git keeps no tracking branch; to carry the data push to a remote by its name: git push'

/** How it gets a tracking branch, and what sends the data as long as it has none. */
function untracked(remote: string, ref: string): string {
  const spec = `+refs/heads/*:refs/remotes/${remote}/*`
  return `${ref} has no tracking branch here (remote.${remote}.fetch names none); to send the data: tandem export --commit, then git push; or, for every push to carry it: git config --add remote.${remote}.fetch '${spec}' && git fetch ${remote}`
}

/** Decides whether a push takes a data commit along. `head` is the commit and the full ref of the current branch. */
export async function carriageOf(
  repository: Repository,
  push: PushRequest,
  head: { readonly commit: string; readonly ref: string },
): Promise<Carriage> {
  if (readPushArguments(push.words).isDryRun) return { carry: false, reason: 'a dry run', quiet: true }
  const line = currentLine(push.lines, head)
  if (push.lines.length > 0 && line === undefined)
    return { carry: false, reason: NOT_AMONG, quiet: onlyOthers(push.lines) }
  if (push.lines.some((each) => /[~^:@{]/.test(each.localRef))) return { carry: false, reason: RELATIVE, quiet: false }
  if (!(await repository.config()).names.some((name) => name.startsWith(`remote.${push.remote}.`)))
    return { carry: false, reason: BY_URL, quiet: false }
  const remoteRef = line?.remoteRef ?? (await upstreamRef(repository, push.remote, head.ref))
  const tracking = remoteRef === undefined ? undefined : await trackingRef(repository, push.remote, remoteRef)
  // the branch goes to another remote, and nothing is sent to this one
  if (remoteRef === undefined) return { carry: false, reason: NOT_AMONG, quiet: true }
  if (tracking === undefined) return { carry: false, reason: untracked(push.remote, remoteRef), quiet: false }
  if (line === undefined && (await commitNamed(repository, tracking)) !== head.commit)
    return { carry: false, reason: 'nothing of the current branch is pushed', quiet: true, refused: true }
  return { carry: true, remoteRef, tracking }
}

function currentLine(lines: readonly PushLine[], head: { commit: string; ref: string }): PushLine | undefined {
  return lines.find((line) => (line.localRef === head.ref || line.localRef === 'HEAD') && line.localId === head.commit)
}

/** True when only tags and deletions are pushed: they carry no data, and the user need not be told. */
function onlyOthers(lines: readonly PushLine[]): boolean {
  return lines.every((line) => line.localRef === '(delete)' || line.remoteRef.startsWith('refs/tags/'))
}

/** The ref of the remote to which a plain push of the branch goes; undefined when it goes to another remote. */
async function upstreamRef(repository: Repository, remote: string, ref: string): Promise<string | undefined> {
  const followed = followedRef(await repository.config(), remote, ref)
  if (followed !== undefined) return followed
  const answer = await repository.git(['for-each-ref', '--format=%(push:remotename)%00%(push:remoteref)', ref])
  const [name, remoteRef] = answer.split('\0')
  if (name === remote && remoteRef) return remoteRef
  return name === remote || name === '' ? ref : undefined
}

/** The ref where nothing is configured but the branch that this one follows, and perhaps `push.default`; undefined where git has to be asked. */
function followedRef(config: GitConfig, remote: string, ref: string): string | undefined {
  const branch = `branch.${ref.slice('refs/heads/'.length)}`
  const unusual = ['remote.pushdefault', `${branch}.pushremote`, `remote.${remote}.push`, `remote.${remote}.mirror`]
  const [merge, ...more] = config.all(`${branch}.merge`)
  const remotes = config.all(`${branch}.remote`)
  if (unusual.some((name) => config.names.includes(name)) || more.length > 0) return undefined
  if (remotes.length !== 1 || remotes[0] !== remote) return undefined
  const way = config.get('push.default') ?? 'simple'
  if (way === 'upstream' || way === 'tracking') return merge
  return merge === ref && (way === 'simple' || way === 'current') ? ref : undefined
}

/** The local tracking ref of a remote's ref, by the remote's fetch refspecs; undefined when none matches it. */
async function trackingRef(repository: Repository, remote: string, remoteRef: string): Promise<string | undefined> {
  for (const spec of (await repository.config()).all(`remote.${remote}.fetch`)) {
    const [from = '', to = ''] = spec.replace(/^\+/, '').split(':')
    if (from === remoteRef && to !== '') return to
    const star = from.indexOf('*')
    if (star < 0 || to === '') continue
    const [head, tail] = [from.slice(0, star), from.slice(star + 1)]
    const fits = remoteRef.startsWith(head) && remoteRef.endsWith(tail) && remoteRef.length >= head.length + tail.length
    if (fits) return to.replace('*', remoteRef.slice(head.length, remoteRef.length - tail.length))
  }
  return undefined
}

/** What pre-push writes down for the last step of the same push. */
export interface PushMarker {
  readonly remote: string
  readonly tracking: string
  readonly remoteRef: string
  /** The commit that git sends (`sent`), and the data commit on top of it (`data`). */
  readonly sent: string
  readonly data: string
  readonly pid: number
  /** Full name of the branch that moves to `data` when the remote has it. */
  readonly branch: string
  /** Every source took part and none was held: afterwards all of them agree with `data`. */
  readonly isWhole: boolean
}

function markerFolder(repository: Repository): string {
  return path.join(repository.commonDir, 'tandem', 'push')
}

/** Path of the marker file of one `git push`. */
export function markerPath(repository: Repository, pid: number): string {
  return path.join(markerFolder(repository), String(pid))
}

/** Writes the marker file of a push and returns its path. */
export async function writeMarker(repository: Repository, marker: PushMarker): Promise<string> {
  await mkdir(markerFolder(repository), { recursive: true })
  const file = markerPath(repository, marker.pid)
  await writeFile(file, `${JSON.stringify(marker)}\n`)
  return file
}

/** The markers of pushes that have ended before their last step: they failed, or were killed. */
export async function deadMarkers(repository: Repository): Promise<PushMarker[]> {
  const names = await readdir(markerFolder(repository)).catch(() => [])
  const found: PushMarker[] = []
  for (const name of names) {
    if (isRunning(Number(name))) continue
    const marker = await readMarker(path.join(markerFolder(repository), name))
    if (marker === undefined) await rm(path.join(markerFolder(repository), name), { force: true })
    else found.push(marker)
  }
  return found
}

/** The marker in a file; undefined where there is none, or one that was only partly written by a run that was killed. */
export async function readMarker(file: string): Promise<PushMarker | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.startsWith('{"') && text.endsWith('}\n') ? (JSON.parse(text) as PushMarker) : undefined
}

export async function removeMarker(repository: Repository, { pid }: PushMarker): Promise<void> {
  await rm(markerPath(repository, pid), { force: true })
}
