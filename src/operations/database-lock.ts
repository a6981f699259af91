/**
 * One run at a time in a database, also when several clones share it: an entry beside the sync point that names its owner. Not an advisory lock of the server's, as
 * those belong to a connection, which a pooler hands to somebody else; every engine keeps texts. What keeps data right is still the apply itself, which checks
 * sync points and records; the lock makes runs wait for each other instead of doing the same work twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isGone, newOwner, type Owner } from '../io/owner.ts'
import { LockedError } from '../model/errors.ts'
import type { Source } from './source.ts'
import type { Workspace } from './workspace.ts'

const ENTRY = 'lock'
const REFRESH_MS = 60_000
const RETRY_MS = 150
/** How long a hook waits for a run of another clone. */
const HOOK_WAIT_MS = 3_000

interface Held extends Owner {
  /** The clone it works for. */
  readonly clone: string
  /** ISO time of its last sign of life. */
  readonly seen: string
}

/** Gives the lock back. */
export type Unlock = () => Promise<void>

/** One for all sources of this process: two of them may be in one database. */
let self: Owner | undefined

/**
 * Takes the lock of a source's database.
 * @param waitMs how long to try when another run holds it; default: a moment in hooks, else not at all
 * @throws LockedError naming the owner
 */
export async function lockDatabase(workspace: Workspace, source: Source, waitMs?: number): Promise<Unlock> {
  const owner = (self ??= newOwner())
  const until = Date.now() + (waitMs ?? (workspace.invocation.inHook ? HOOK_WAIT_MS : 0))
  for (;;) {
    const before = (await source.adapter.readState()).get(ENTRY)
    const holder = heldFrom(before)
    if (holder?.token === owner.token) return async () => undefined
    if (before === undefined || isGone(holder, silenceOf(holder))) {
      const text = textOf(workspace, owner)
      if (await source.adapter.writeState(new Map([[ENTRY, text]]), new Map([[ENTRY, before]]))) {
        return keeping(workspace, source, { owner, text })
      }
    } else {
      if (Date.now() >= until) throw lockedBy(source, holder)
      await sleep(RETRY_MS)
    }
  }
}

/** Shows signs of life until the lock is given back. */
function keeping(workspace: Workspace, source: Source, at: { readonly owner: Owner; readonly text: string }): Unlock {
  let { text } = at
  let writing: Promise<unknown> = Promise.resolve()
  const put = async (next: string | undefined): Promise<void> => {
    const done = await source.adapter.writeState(new Map([[ENTRY, next]]), new Map([[ENTRY, text]]))
    if (done && next !== undefined) text = next
  }
  const ignored = (): void => undefined // without a sign of life the next run takes over, which is right when the database is gone
  const timer = setInterval(() => {
    // there the journal of a long apply has its own beat, and a second writer would take it for left behind
    if (source.adapter.engine !== 'mongodb')
      writing = writing.then(() => put(textOf(workspace, at.owner))).catch(ignored)
  }, REFRESH_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await writing
    await put(undefined).catch(ignored)
  }
}

function textOf(workspace: Workspace, owner: Owner): string {
  const seen = new Date(Date.now()).toISOString()
  const held: Held = { ...owner, clone: workspace.repository.root, seen }
  return JSON.stringify(held)
}

function heldFrom(text: string | undefined): Held | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Held)
  } catch {
    return undefined
  }
}

/** Milliseconds; an entry that cannot be read, or is from the future, was made by nobody who could still be waited for. */
function silenceOf(holder: Held | undefined): number {
  const seen = Date.parse(holder?.seen ?? '')
  return Number.isNaN(seen) ? Number.POSITIVE_INFINITY : Math.abs(Date.now() - seen)
}

function lockedBy(source: Source, holder: Held | undefined): LockedError {
  const who = holder === undefined ? '' : ` (process ${holder.pid} on ${holder.host}, for ${holder.clone})`
  return new LockedError(`another tandem is at work in ${source.description.database}${who}`, {
    hint: 'Wait for it and try again.',
  })
}
