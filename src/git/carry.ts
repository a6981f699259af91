/** Carrying the data commit with the very push that is going on (docs/hooks.md): whether this push is one that can, and the marker that its last step finds. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isRunning } from '../io/running.ts'
import type { Repository } from './repository.ts'

/** One line of a pre-push hook's standard input (githooks(5)). */
export interface PushLine {
  readonly localRef: string
  readonly localId: string
  readonly remoteRef: string
  readonly remoteId: string
}

export interface PushRequest {
  /** Name of the remote, or its URL when pushed by URL. */
  readonly remote: string
  readonly url: string
  readonly lines: readonly PushLine[]
  /** Process id of `git push`, for its arguments; undefined where it cannot be known. */
  readonly pid: number | undefined
}

/**
 * Yes: this ref of the remote is to receive the data commit, and git will then update `tracking`. No: why, in words; `quiet` when that is nothing to tell, `refused` when git
 * itself sends nothing because the remote has moved on.
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

/** Decides whether a push takes a data commit along. `head` is the commit and full ref of the current branch. */
export async function carriageOf(
  repository: Repository,
  push: PushRequest,
  head: { readonly commit: string; readonly ref: string },
): Promise<Carriage> {
  if (await isDryRun(push.pid)) return { carry: false, reason: 'a dry run', quiet: true }
  const remotes = (await repository.git(['remote'])).split('\n')
  const line = currentLine(push.lines, head)
  if (push.lines.length > 0 && line === undefined)
    return { carry: false, reason: 'the current branch is not among what is pushed', quiet: onlyOthers(push.lines) }
  if (push.lines.some((each) => /[~^:@{]/.test(each.localRef)))
    return { carry: false, reason: 'a commit is pushed by a relative expression', quiet: false }
  if (!remotes.includes(push.remote))
    return { carry: false, reason: 'pushed by URL, so git keeps no tracking branch', quiet: false }
  const remoteRef = line?.remoteRef ?? (await upstreamRef(repository, push.remote, head.ref))
  const tracking = remoteRef === undefined ? undefined : await trackingRef(repository, push.remote, remoteRef)
  if (remoteRef === undefined || tracking === undefined)
    return {
      carry: false,
      reason: `${remoteRef ?? head.ref} has no tracking branch here`,
      quiet: push.lines.length === 0,
    }
  if (line === undefined && (await idOf(repository, tracking)) !== head.commit)
    return { carry: false, reason: 'nothing of the current branch is pushed', quiet: true, refused: true }
  return { carry: true, remoteRef, tracking }
}

function currentLine(lines: readonly PushLine[], head: { commit: string; ref: string }): PushLine | undefined {
  return lines.find((line) => (line.localRef === head.ref || line.localRef === 'HEAD') && line.localId === head.commit)
}

/** Tags and deletions carry no data and need no word. */
function onlyOthers(lines: readonly PushLine[]): boolean {
  return lines.every((line) => line.localRef === '(delete)' || line.remoteRef.startsWith('refs/tags/'))
}

/** Where a plain push of the branch would go, as git itself answers. */
async function upstreamRef(repository: Repository, remote: string, ref: string): Promise<string | undefined> {
  const answer = await repository.git(['for-each-ref', '--format=%(push:remotename)%00%(push:remoteref)', ref])
  const [name, remoteRef] = answer.split('\0')
  if (name === remote && remoteRef) return remoteRef
  return name === remote || name === '' ? ref : undefined
}

/** Maps a ref of the remote through its fetch refspecs to the local tracking ref; undefined when none covers it. */
async function trackingRef(repository: Repository, remote: string, remoteRef: string): Promise<string | undefined> {
  const specs = await repository.git(['config', '--get-all', `remote.${remote}.fetch`], { answers: [1] })
  for (const spec of specs.split('\n')) {
    const [from = '', to = ''] = spec.replace(/^\+/, '').split(':')
    if (from === remoteRef) return to
    const star = from.indexOf('*')
    if (star < 0) continue
    const [head, tail] = [from.slice(0, star), from.slice(star + 1)]
    const fits = remoteRef.startsWith(head) && remoteRef.endsWith(tail) && remoteRef.length >= head.length + tail.length
    if (fits) return to.replace('*', remoteRef.slice(head.length, remoteRef.length - tail.length))
  }
  return undefined
}

async function idOf(repository: Repository, ref: string): Promise<string> {
  return repository.git(['rev-parse', '--verify', '--quiet', ref], { answers: [1] })
}

/** pre-push runs in a dry run too; only the arguments of `git push` tell (Linux: /proc; elsewhere ps is asked by the hook's shell). */
async function isDryRun(pid: number | undefined): Promise<boolean> {
  if (pid === undefined) return false
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const args = text.split('\0')
  const push = args.indexOf('push')
  return push >= 0 && args.slice(push + 1).some((arg) => arg === '--dry-run' || /^-[a-z]*n[a-z]*$/.test(arg))
}

/** What a push that is going on leaves for its last step. */
export interface PushMarker {
  readonly remote: string
  readonly tracking: string
  readonly remoteRef: string
  /** O, what git sends, and N, the data commit on top of it. */
  readonly sent: string
  readonly data: string
  readonly pid: number
}

function markerFolder(repository: Repository): string {
  return path.join(repository.commonDir, 'tandem', 'push')
}

/** Path of the marker file of one `git push`. */
export function markerPath(repository: Repository, pid: number): string {
  return path.join(markerFolder(repository), String(pid))
}

export async function writeMarker(repository: Repository, marker: PushMarker): Promise<string> {
  await mkdir(markerFolder(repository), { recursive: true })
  const file = markerPath(repository, marker.pid)
  await writeFile(file, `${JSON.stringify(marker)}\n`)
  return file
}

/** Removes markers whose `git push` is gone: it failed, or was killed, before its last step began. Answers them: their data commits were not sent. */
export async function clearDeadMarkers(repository: Repository): Promise<PushMarker[]> {
  const names = await readdir(markerFolder(repository)).catch(() => [])
  const cleared: PushMarker[] = []
  for (const name of names) {
    if (isRunning(Number(name))) continue
    const file = path.join(markerFolder(repository), name)
    // without its last character it was only half written, by a run that was killed
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text.startsWith('{"') && text.endsWith('}\n')) cleared.push(JSON.parse(text) as PushMarker)
    await rm(file, { force: true })
  }
  return cleared
}
