/** `tandem uninstall`: takes everything back that `init` made: hooks byte for byte, driver, settings, the tool's table in the databases. Exports and configuration stay: they are the user's data. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { unregisterDriver } from '../git/install/driver.ts'
import { gitHooksFolder } from '../git/install/hooks-home.ts'
import { uninstallHooks } from '../git/install/hooks.ts'
import { unmendPrettierignore } from '../git/install/prettierignore.ts'
import { removeTransactionHook } from '../git/install/transaction-hook.ts'
import { type Repository, openRepository } from '../git/repository.ts'
import { removeSettings } from '../git/settings.ts'
import { removeExcludes } from '../git/info-exclude.ts'
import { moveOwnRefs } from '../git/own-refs.ts'
import { waitingFiles } from '../git/waiting.ts'
import { TandemError } from '../model/errors.ts'
import { openSource } from '../source/source.ts'
import { withoutName } from '../source/without-name.ts'
import { removeSchedule } from './schedule/install.ts'
import { type Invocation, openWorkspace } from '../workspace/workspace.ts'

/** Answers what was, or would be, done, in words. @throws UsageError when this is no repository */
export async function uninstall(invocation: Invocation): Promise<string[]> {
  const repository = await openRepository(invocation.directory, invocation.environment)
  if (invocation.dryRun) return ['would remove hooks, merge driver, settings and the state in the databases']
  const done = await dropStates(invocation)
  for (const file of await uninstallHooks(repository)) done.push(`put back ${file}`)
  await removeTransactionHook(await gitHooksFolder(repository))
  await unregisterDriver(repository)
  if (await unmendPrettierignore(repository)) done.push('put back .prettierignore')
  await removeAllSettings(repository)
  await removeRefs(repository)
  await rm(path.join(repository.commonDir, 'tandem'), { recursive: true, force: true })
  return [...done, 'removed settings and local state; tandem.config.json and the exports stay']
}

/** A database that cannot be reached keeps its few rows, and that is said. */
async function dropStates(invocation: Invocation): Promise<string[]> {
  const workspace = await openWorkspace(invocation).catch(() => undefined)
  const done: string[] = []
  if (workspace !== undefined && (await removeSchedule(workspace)) !== undefined)
    done.push("removed the schedule from the system's scheduler")
  for (const config of workspace?.config.sources ?? []) {
    try {
      const source = await openSource(workspace as NonNullable<typeof workspace>, config)
      await source.adapter.dropState()
      await source.adapter.close()
      done.push(`source ${config.name}: removed the sync point from ${source.description.database}`)
    } catch (error) {
      if (!(error instanceof TandemError)) throw error
      done.push(
        `source ${config.name}: its sync point stays in the database (${withoutName(config.name, error.message)})`,
      )
    }
  }
  return done
}

async function removeAllSettings(repository: Repository): Promise<void> {
  const names = await repository.git(['config', '--local', '--name-only', '--get-regexp', String.raw`^tandem\.`], {
    answers: [1],
  })
  const sections = new Set(
    names
      .split('\n')
      .filter(Boolean)
      .map((name) => name.slice(0, name.lastIndexOf('.'))),
  )
  for (const section of sections) await removeSettings(repository, section)
}

async function removeRefs(repository: Repository): Promise<void> {
  for (const file of (await waitingFiles(repository)).keys())
    await rm(path.join(repository.root, file), { force: true })
  await removeExcludes(repository)
  const refs = await repository.git(['for-each-ref', '--format=delete %(refname)', 'refs/tandem'])
  if (refs !== '') await moveOwnRefs(repository, refs.split('\n'))
}
