/**
 * Notices that git no longer starts tandem: a hook manager that is adopted after `init` sets core.hooksPath, or puts the hooks that it finds aside. Nothing fails then; no data
 * travels. So commands and the hooks that still run look, which costs them a read of each hook file and no process.
 */
import path from 'node:path'
import { exists } from '../../io/exists.ts'
import { type HookName, RENAMED } from './hook-file.ts'
import { isPreCommit, startsTandem, textOf } from './hook-text.ts'
import { USUAL_HOOKS } from './hooks.ts'
import { type InstallTarget, findHooksHome, gitHooksFolder } from './hooks-home.ts'
import { lefthookHas, managerStarts } from './managers.ts'
import { scriptFolder } from './scripts.ts'

/** The hooks in which git does not start tandem, why, and the command that helps. */
export interface SilentHooks {
  readonly hooks: readonly HookName[]
  readonly reason: string
  readonly next: string
}

/** Undefined where every hook starts tandem, where `init` was never run, and where `init` could only say which lines to add to a shared folder. */
export async function silentHooks(clone: InstallTarget): Promise<SilentHooks | undefined> {
  if (!(await exists(path.join(scriptFolder(clone.commonDir), 'hook.sh')))) return undefined
  const config = await clone.config()
  const hooksPath = config.get('core.hookspath') ?? ''
  const folder = await gitHooksFolder(clone)
  if (config.get('tandem.hooksbyhand') === folder) return undefined
  const starts = await Promise.all(USUAL_HOOKS.map((hook) => startsIn(clone, folder, hook)))
  const hooks = USUAL_HOOKS.filter((_, i) => starts[i] === false)
  if (hooks.length === 0) return undefined
  const next = await nextFor(clone, folder, hooks)
  const reason = (await putAside(folder, hooks)) ?? (hooksPath === '' ? WAITS[next] : `core.hooksPath is ${hooksPath}`)
  return { hooks, reason: reason ?? 'the hooks were changed or removed', next }
}

/** One line for people. */
export function silentLine({ hooks, reason, next }: SilentHooks): string {
  return `git does not start tandem in ${hooks.join(', ')} (${reason}): run ${next}`
}

async function startsIn({ root }: InstallTarget, folder: string, hook: HookName): Promise<boolean> {
  const file = path.join(folder, hook)
  const text = await textOf(file)
  if (text === undefined) return false
  if (startsTandem(text)) return true
  // husky 9 runs the file of that name in the folder above its own
  if (path.basename(folder) === '_') return startsTandem((await textOf(path.join(path.dirname(folder), hook))) ?? '')
  if (isPreCommit(text) && startsTandem((await textOf(`${file}.legacy`)) ?? '')) return true
  return managerStarts(root, text, hook)
}

/** The manager has the hooks, but was not started in this clone yet. */
const WAITS: Readonly<Record<string, string>> = {
  'lefthook install': 'lefthook has not put them in place',
  'npx husky': 'husky was not run in this clone',
}

async function putAside(folder: string, hooks: readonly HookName[]): Promise<string | undefined> {
  for (const hook of hooks)
    for (const ending of RENAMED)
      if (await exists(path.join(folder, hook + ending))) return `a hook manager put it aside as ${hook}${ending}`
  return undefined
}

async function nextFor(clone: InstallTarget, folder: string, [first = '']: readonly string[]): Promise<string> {
  const home = await findHooksHome(clone, folder)
  if (home.kind === 'lefthook') return (await lefthookHas(clone.root, first)) ? 'lefthook install' : 'tandem init'
  if (home.kind !== 'husky' || home.note === undefined) return 'tandem init'
  return startsTandem((await textOf(path.join(home.folder, first))) ?? '') ? 'npx husky' : 'tandem init'
}
