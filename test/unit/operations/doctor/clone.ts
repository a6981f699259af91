/** A repository for the checks that look at one: real git in a folder of its own, with a configuration and no database. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { openWorkspace, type Invocation, type Workspace } from '../../../../src/workspace/workspace.ts'
import { invocationIn, NOW_MS } from '../invocation.ts'

export interface Clone {
  readonly root: string
  readonly invocation: Invocation
  readonly git: (...args: readonly string[]) => Promise<void>
  /** An empty commit, so many milliseconds from now. */
  readonly commit: (message: string, fromNowMs?: number) => Promise<void>
  /** As an operation finds it now. */
  readonly workspace: () => Promise<Workspace>
  readonly remove: () => Promise<void>
}

const CONFIG = { sources: { app: { url: 'sqlite:app.db' } } }

/** A repository without a commit, on the branch `main`. */
export async function makeClone(): Promise<Clone> {
  const root = await mkdtemp(path.join(tmpdir(), 'tandem doctor '))
  const invocation = invocationIn(root)
  const run = async (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<void> => {
    const environment = { ...invocation.environment, ...more }
    await promisify(execFile)('git', [...args], { cwd: root, env: environment })
  }
  await run(['init', '-q', '-b', 'main'])
  await run(['config', 'user.name', 'somebody'])
  await run(['config', 'user.email', 'somebody@example.org'])
  await writeFile(path.join(root, 'tandem.config.json'), JSON.stringify(CONFIG))
  return {
    root,
    invocation,
    git: (...args) => run(args),
    commit: (message, fromNowMs = 0) =>
      run(['commit', '-q', '--allow-empty', '-m', message], {
        GIT_COMMITTER_DATE: `${(NOW_MS + fromNowMs) / 1000} +0000`,
      }),
    workspace: () => openWorkspace(invocation),
    remove: () => rm(root, { recursive: true, force: true }),
  }
}
