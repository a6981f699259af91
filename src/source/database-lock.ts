/**
 * Lets one run at a time work in a database, also when several clones share it. The lock is an entry in the tool's state that names its owner. It is not an advisory lock of
 * the server: that belongs to a connection, which a pooler may hand to somebody else, and not every engine has one. Data stays correct without the lock, because each apply
 * checks sync points and records; the lock makes runs wait for each other instead of doing the same work twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Owner, isGone, newOwner } from '../io/owner.ts'
import { LockedError } from '../model/errors.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Source } from './source.ts'

const ENTRY = 'lock'

/** The state entry with the token of the run that released the lock last. It tells a run that read the state before it got the lock whether another run came in between. */
const LAST_RUN = 'last-run'

/** How often the owner renews the time in its entry. */
const REFRESH_MS = 60_000

/** How long a waiting run pauses between two attempts. */
const RETRY_MS = 150

/** How long a hook waits for a run of another clone. */
const HOOK_WAIT_MS = 3_000

interface Held extends Owner {
  /** The clone it works for. */
  readonly clone: string
  /** ISO time at which the owner last renewed the entry. */
  readonly seen: string
}

/** Times that other runs may take the lock first before this one waits as for any lock. */
const MOST_LOST = 20

/** Releases the lock. It never fails: a lock that stays behind is taken over by the next run. */
export type Unlock = () => Promise<void>

/** The owner of all locks of this process. It is one for all sources, because two of them may be in one database. */
let self: Owner | undefined

/**
 * Takes the lock of a source's database and returns the function that releases it.
 * @param waitMs milliseconds to keep trying while another run holds it; default: `HOOK_WAIT_MS` in a hook, else 0
 * @throws LockedError naming the owner
 */
export async function lockDatabase(workspace: Workspace, source: Source, waitMs?: number): Promise<Unlock> {
  const owner = (self ??= newOwner())
  const until = Date.now() + (waitMs ?? (workspace.invocation.inHook ? HOOK_WAIT_MS : 0))
  for (let lost = 0; ;) {
    const state = await source.adapter.readState()
    const before = state.get(ENTRY)
    const holder = heldFrom(before)
    if (holder?.token === owner.token) {
      source.forgetState() // another source of this run is in the same database
      return async () => undefined
    }
    if (before === undefined || isGone(holder, silenceOf(holder))) {
      const text = textOf(workspace, owner)
      // these entries being unchanged means that no other run came since the state was read, so what is remembered of it is still right
      const expected = ['id', ENTRY, LAST_RUN].map((name) => [name, state.get(name)] as const)
      const isTaken = await source.adapter.writeState(new Map([[ENTRY, text]]), new Map(expected))
      if (isTaken && before !== undefined) source.forgetState() // a killed owner may have written after this run read the state
      if (isTaken) return keeping(workspace, source, { owner, text })
      source.forgetState()
      // another run was faster: the next reading tells which
      if (++lost < MOST_LOST) continue
    }
    if (Date.now() >= until) throw lockedBy(source, holder)
    await sleep(RETRY_MS)
    source.forgetState()
  }
}

/** Renews the time in the entry until the lock is released. Returns the function that releases it. */
function keeping(workspace: Workspace, source: Source, at: { readonly owner: Owner; readonly text: string }): Unlock {
  let { text } = at
  let writing: Promise<unknown> = Promise.resolve()
  const put = async (next: string): Promise<void> => {
    const done = await source.adapter.writeState(new Map([[ENTRY, next]]), new Map([[ENTRY, text]]))
    if (done) text = next
  }
  const release = new Map([
    [ENTRY, undefined],
    [LAST_RUN, at.owner.token],
  ])
  const ignored = (): void => undefined // an entry that is not renewed lets the next run take over, which is right when the database cannot be reached
  const timer = setInterval(() => {
    // on MongoDB a long apply renews its own journal, and a second writer would take that journal for one left behind
    if (source.adapter.engine !== 'mongodb')
      writing = writing.then(() => put(textOf(workspace, at.owner))).catch(ignored)
  }, REFRESH_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await writing
    await source.adapter.writeState(release, new Map([[ENTRY, text]])).catch(ignored)
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

/** Milliseconds since the owner renewed its entry, or until then when its clock is ahead. Infinite for an entry that cannot be read: nobody can be waited for then. */
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
