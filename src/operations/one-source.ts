/** Work that a person asks for in one database: which one is meant has to be clear. */
import { UsageError } from '../model/errors.ts'
import type { Source } from './source.ts'
import { withLockedSources, type Only } from './sources.ts'
import type { Workspace } from './workspace.ts'

/** @throws UsageError when it is not clear which source is meant; whatever the work throws */
export async function inOneSource<Result>(
  workspace: Workspace,
  which: { readonly only: Only | undefined; readonly verb: string },
  work: (source: Source) => Promise<Result>,
): Promise<Result> {
  const names = workspace.config.sources.map(({ name }) => name)
  if (which.only === undefined && names.length > 1)
    throw new UsageError(`${which.verb} works on one source at a time: ${names.join(', ')}`, {
      hint: `For example: --only ${names[0]}`,
    })
  return withLockedSources(workspace, which, {
    each: work,
    after: async ([result], [failure]) => {
      if (failure !== undefined) throw failure.error
      return result as Result
    },
  })
}
