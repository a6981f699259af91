/** Whether to say that git no longer starts tandem in its hooks. */
import { silentHooks, silentLine } from '../../git/install/silent-hooks.ts'
import type { Workspace } from '../../workspace/workspace.ts'

/** One line with the next command; undefined where all is well, and where hooks are switched off anyway. */
export async function silentHooksLine({ repository, invocation }: Workspace): Promise<string | undefined> {
  const { TANDEM_SKIP: skip, CI: ci = '' } = invocation.environment
  if (skip === '1' || (ci !== '' && ci !== 'false')) return undefined
  const found = await silentHooks(repository)
  return found === undefined ? undefined : silentLine(found)
}
