/** How long a git hook may keep git. When the time is over the hook ends, and what it did not finish is done later: nothing half-written stays, as after a kill. */
import type { Workspace } from './workspace.ts'

/** Hooks after which git only waits for the database; what is left goes on in the background. */
const APPLY_SECONDS = 30

/** Hooks that read the whole database for a commit: a first export may take minutes. */
const EXPORT_SECONDS = 600

/** True for the hooks that only bring the database in step, which a run in the background can do as well. */
export function mayGoOn(hook: string): boolean {
  return hook.startsWith('post-')
}

/** The limit in milliseconds: `git config tandem.hookSeconds`, else by the kind of hook. */
export function hookLimitMs(workspace: Pick<Workspace, 'settings'>, hook: string): number {
  const configured = Number(workspace.settings.get('hookseconds'))
  if (Number.isFinite(configured) && configured > 0) return configured * 1000
  return (mayGoOn(hook) ? APPLY_SECONDS : EXPORT_SECONDS) * 1000
}

/** How much of its time a hook that brings the database in step may spend on reading and merging; after that the writing, which takes about as long again, is left to the background. */
export function planningLimitMs(workspace: Pick<Workspace, 'settings'>): number {
  return (hookLimitMs(workspace, 'post-merge') * 2) / 3
}

/** Waits for the work, but no longer than the limit; false when the time is over and the work is not. @throws what the work throws */
export async function endsWithin(limitMs: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs)
  })
  try {
    return await Promise.race([work.then(() => true), over])
  } finally {
    clearTimeout(timer)
  }
}
