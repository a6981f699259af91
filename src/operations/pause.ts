/** `tandem pause` and `resume`: one setting of this clone that hooks and commands ask before they move data. Needs no configuration and no database: it is for when things are wrong. */
import { openRepository } from '../git/repository.ts'
import { getSetting, setSetting } from '../git/settings.ts'
import { UsageError } from '../model/errors.ts'
import type { Invocation } from '../workspace/workspace.ts'

/** When the pause that is on, or was on until now, began (ISO time); undefined: there was none. */
export interface PauseState {
  readonly paused: boolean
  readonly since: string | undefined
  /** False: it was so already. */
  readonly changed: boolean
}

/** No hook or command of this clone moves data until `resume`; a pause that is on keeps its beginning. @throws UsageError outside a repository */
export async function pause(invocation: Invocation): Promise<PauseState> {
  const repository = await openRepository(invocation.directory, invocation.environment)
  const before = await getSetting(repository, 'paused')
  if (before !== undefined) return { paused: true, since: before, changed: false }
  const since = new Date(invocation.nowMs()).toISOString()
  if (!invocation.dryRun) await setSetting(repository, 'paused', since)
  return { paused: true, since, changed: true }
}

/** Lets data move again; nothing is applied or exported by this alone. @throws UsageError outside a repository, or when the setting comes from outside this clone */
export async function resume(invocation: Invocation): Promise<PauseState> {
  const repository = await openRepository(invocation.directory, invocation.environment)
  const since = await getSetting(repository, 'paused')
  // 5: there is no such setting (git-config(1)); --unset-all, as somebody may have added a second line by hand
  if (since !== undefined && !invocation.dryRun) {
    await repository.git(['config', '--local', '--unset-all', 'tandem.paused'], { answers: [5] })
    if ((await getSetting(repository, 'paused')) !== undefined)
      throw new UsageError('tandem is paused by a setting outside this clone', {
        hint: 'git config --show-origin tandem.paused names the file.',
      })
  }
  return { paused: false, since, changed: since !== undefined }
}
