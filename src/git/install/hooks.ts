/** Installs our hooks with whoever manages the repository's hooks, and takes them back. The plan says what would be done; installing performs it. */
import path from 'node:path'
import { performEdits, type FileEdit } from './edits.ts'
import { HOOK_NAMES, planAdd, planRemove, type HookAction, type HookFile, type HookName } from './hook-file.ts'
import { findHooksHome, gitHooksFolder, type HooksHome, type Place } from './hooks-home.ts'
import { lefthookEntry, localConfig, planLefthook, planLefthookRemoval } from './lefthook.ts'
import { copyScripts, removeScripts, scriptFolder } from './scripts.ts'

/** What was, or would be, done for one hook; `by-hand`: nothing, and `note` says what to add where. */
export interface Installed {
  readonly hook: HookName
  readonly path: string
  readonly action: HookAction | 'by-hand'
  /** What the person has to know or do, in one sentence. */
  readonly note: string | undefined
}

export interface HooksPlan {
  readonly hooks: readonly Installed[]
  readonly edits: readonly FileEdit[]
}

/** The hooks that are always wanted; `pre-commit` and `prepare-commit-msg` come with `"exportOn": ["commit", …]`. */
export const USUAL_HOOKS: readonly HookName[] = HOOK_NAMES.slice(0, 5)

/**
 * What installing these hooks would do; other hooks of ours are taken out. A second time nothing is left to do.
 * @throws UsageError when a file holds half a block of ours
 */
export async function planHooks(place: Place, hooks: readonly HookName[] = USUAL_HOOKS): Promise<HooksPlan> {
  const home = await findHooksHome(place)
  if (home.kind === 'outside') return { hooks: hooks.map((hook) => outside(home.folder, hook)), edits: [] }
  if (home.kind === 'lefthook') return withLefthook(home.config, hooks)
  const plans = await Promise.all(HOOK_NAMES.map((hook) => planOne(home, hook, hooks.includes(hook))))
  return {
    hooks: plans.filter(({ done }) => hooks.includes(done.hook) || done.action === 'removed').map(({ done }) => done),
    edits: plans.flatMap(({ edits }) => edits),
  }
}

/**
 * Installs the hooks and the scripts they run; safe to repeat.
 * @throws UsageError as planHooks does, before anything is written
 */
export async function installHooks(place: Place, hooks?: readonly HookName[]): Promise<readonly Installed[]> {
  const plan = await planHooks(place, hooks)
  await copyScripts(place.commonDir)
  await performEdits(scriptFolder(place.commonDir), plan.edits)
  return plan.hooks
}

/**
 * Takes our hooks out of every place they can be in, byte for byte, and removes the scripts. Answers the files that were put back or removed.
 * @throws UsageError when a file holds half a block of ours; nothing was changed then
 */
export async function uninstallHooks(place: Place): Promise<readonly string[]> {
  const files = await everyHookFile(place)
  const plans = await Promise.all(files.map(planRemove))
  const edits = plans.flatMap((plan) => plan.edits)
  for (const dot of ['', '.', '.config/'])
    edits.push(...(await planLefthookRemoval(await localConfig(path.join(place.root, `${dot}lefthook.yml`)))))
  await performEdits(scriptFolder(place.commonDir), edits)
  await removeScripts(place.commonDir)
  return [...new Set(edits.map((edit) => edit.path))]
}

async function planOne(
  home: Extract<HooksHome, { note: unknown }>,
  hook: HookName,
  wanted: boolean,
): Promise<{ readonly done: Installed; readonly edits: readonly FileEdit[] }> {
  const file = hookFile(home, hook)
  const plan = await (wanted ? planAdd(file) : planRemove(file))
  const note = plan.action === 'wrapped' ? 'your hook is run from tandem-original/ beside it' : home.note
  return { done: { hook, path: file.path, action: plan.action, note }, edits: plan.edits }
}

function hookFile(home: { readonly kind: string; readonly folder: string }, hook: HookName): HookFile {
  return { hook, path: path.join(home.folder, hook), startedBy: home.kind === 'husky' ? 'sh' : 'git' }
}

async function withLefthook(config: string, hooks: readonly HookName[]): Promise<HooksPlan> {
  const plan = await planLefthook(await localConfig(config), hooks)
  const done = plan.edits.length > 0 ? 'added' : 'unchanged'
  const installed = hooks.map((hook): Installed => {
    const byHand = plan.byHand.includes(hook)
    const note = byHand ? `add this to ${plan.path}:\n${lefthookEntry(hook)}` : 'run `lefthook install` once'
    return { hook, path: plan.path, action: byHand ? 'by-hand' : done, note }
  })
  return { hooks: installed, edits: plan.edits }
}

function outside(folder: string, hook: HookName): Installed {
  const file = path.join(folder, hook)
  const note = `core.hooksPath leads outside this repository; add to ${file}: sh "$(git rev-parse --git-common-dir)/tandem/hook.sh" ${hook} "$@"`
  return { hook, path: file, action: 'by-hand', note }
}

/** Where a block of ours may be: the hooks may have changed their manager since it was put there. */
async function everyHookFile(place: Place): Promise<HookFile[]> {
  const home = await findHooksHome(place)
  const folders = new Set([path.join(place.commonDir, 'hooks'), path.join(place.root, '.husky'), home.folder])
  if (home.kind !== 'outside') folders.add(await gitHooksFolder(place))
  return [...folders].flatMap((folder) => HOOK_NAMES.map((hook) => hookFile({ kind: 'files', folder }, hook)))
}
