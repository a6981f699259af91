/** What an operation is asked with in these tests: a folder, an environment in which git finds nothing of the machine's, and a clock that stands still. */
import path from 'node:path'
import type { Invocation } from '../../../src/workspace/workspace.ts'

/** The moment at which the clock stands. */
export const NOW_MS = Date.UTC(2026, 0, 1)

/** An invocation in a folder of its own. */
export function invocationIn(
  folder: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Invocation {
  return {
    directory: folder,
    // git looks for no repository above this folder, and reads no configuration but the repository's
    environment: {
      PATH: process.env['PATH'],
      GIT_CEILING_DIRECTORIES: path.dirname(folder),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      ...environment,
    },
    hostName: 'here',
    nowMs: () => NOW_MS,
    newId: () => 'an id',
    say: () => undefined,
    progress: () => undefined,
    startInBackground: () => undefined,
    inHook: false,
    dryRun: false,
  }
}
