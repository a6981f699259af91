/** Installs the tool's hooks beside the repository's own, and removes them again. A plan says what would be done; a second function performs it. */
import path from 'node:path'
import { planBlockRemoval } from './block-file.ts'
import { type FileEdit, performEdits } from './edits.ts'
import { findBlock } from '../marked-block.ts'
import { HOOK_NAMES, type HookAction, type HookFile, type HookName, RENAMED, planAdd, planRemove } from './hook-file.ts'
import { isPreCommit, startsTandem, textOf } from './hook-text.ts'
import { type HooksHome, type InstallTarget, findHooksHome, gitHooksFolder, placeInWorkTree } from './hooks-home.ts'
import { lefthookEntry, localConfig, planLefthook } from './lefthook.ts'
import { planLineEnds, planLineEndsRemoval } from './line-ends.ts'
import { managerStarts } from './managers.ts'
import { copyScripts, removeScripts, scriptFolder } from './scripts.ts'

/** What was, or would be, done for one hook. `by-hand`: nothing was done, and `note` says what the user has to add to which file. */
export interface Installed {
  readonly hook: HookName
  readonly path: string
  readonly action: HookAction | 'by-hand'
  /** What the user has to know or do, in one sentence; undefined when nothing. */
  readonly note: string | undefined
}

/** The plan for all hooks. */
export interface HooksPlan {
  readonly hooks: readonly Installed[]
  readonly edits: readonly FileEdit[]
}

/** The hooks that are always installed; `pre-commit` and `prepare-commit-msg` only with `"exportOn": ["commit", …]`. */
export const USUAL_HOOKS: readonly HookName[] = HOOK_NAMES.slice(0, 5)

/**
 * The plan for installing exactly these hooks; blocks in other hooks are removed. After it was performed, the plan is empty.
 * @throws UsageError when a file has half a block
 */
export async function planHooks(
  repository: InstallTarget,
  hooks: readonly HookName[] = USUAL_HOOKS,
): Promise<HooksPlan> {
  const home = await findHooksHome(repository)
  if (home.kind === 'outside')
    return { hooks: await Promise.all(hooks.map((hook) => outside(home.folder, hook))), edits: [] }
  if (home.kind === 'lefthook') return withLefthook(repository.root, home.config, hooks)
  const plans = await Promise.all(
    HOOK_NAMES.map((hook) => planOne(repository.root, home, { hook, wanted: hooks.includes(hook) })),
  )
  const place = home.kind === 'files' ? await placeInWorkTree(repository, home.folder) : undefined
  const lineEnds = place === undefined ? [] : await planLineEnds(home.folder, hooks)
  return {
    hooks: plans.filter(({ done }) => hooks.includes(done.hook) || done.action === 'removed').map(({ done }) => done),
    edits: [...plans.flatMap(({ edits }) => edits), ...lineEnds],
  }
}

/**
 * Installs the hooks and the scripts that they run. May be repeated.
 * @throws UsageError as planHooks does, before anything is written
 */
export async function installHooks(
  repository: InstallTarget,
  hooks?: readonly HookName[],
): Promise<readonly Installed[]> {
  const plan = await planHooks(repository, hooks)
  await copyScripts(repository.commonDir)
  await performEdits(scriptFolder(repository.commonDir), plan.edits)
  return plan.hooks
}

/**
 * Removes the tool's blocks from every file they can be in, and the scripts. Returns the paths of the files that were changed or removed.
 * @throws UsageError when a file has half a block; nothing was changed then
 */
export async function uninstallHooks(repository: InstallTarget): Promise<readonly string[]> {
  const files = await everyHookFile(repository)
  const plans = await Promise.all(files.map(planRemove))
  const edits = plans.flatMap((plan) => plan.edits)
  for (const folder of new Set(files.map((file) => path.dirname(file.path))))
    edits.push(...(await planLineEndsRemoval(folder)))
  for (const dot of ['', '.', '.config/'])
    edits.push(...(await planBlockRemoval(await localConfig(path.join(repository.root, `${dot}lefthook.yml`)))))
  await performEdits(scriptFolder(repository.commonDir), edits)
  await removeScripts(repository.commonDir)
  return [...new Set(edits.map((edit) => edit.path))]
}

async function planOne(
  root: string,
  home: Extract<HooksHome, { note: unknown }>,
  { hook, wanted }: { readonly hook: HookName; readonly wanted: boolean },
): Promise<{ readonly done: Installed; readonly edits: readonly FileEdit[] }> {
  const file = await runFile(hookFile(home, hook))
  if (wanted && (await isManaged(root, file)))
    return { done: { hook, path: file.path, action: 'unchanged', note: undefined }, edits: [] }
  const plan = await (wanted ? planAdd(file) : planRemove(file))
  const note = plan.action === 'wrapped' ? 'your hook is run from tandem-original/ beside it' : home.note
  return { done: { hook, path: file.path, action: plan.action, note }, edits: plan.edits }
}

function hookFile(home: { readonly kind: string; readonly folder: string }, hook: HookName): HookFile {
  return { hook, path: path.join(home.folder, hook), startedBy: home.kind === 'husky' ? 'sh' : 'git' }
}

/** The file that runs tandem: where pre-commit was set up later, it has renamed that and still runs it. A block in its own file as well would run tandem twice. */
async function runFile(file: HookFile): Promise<HookFile> {
  const renamed = `${file.path}.legacy`
  const [text, former] = await Promise.all([file.path, renamed].map(textOf))
  const isOurs = findBlock(former ?? '', renamed) !== undefined
  return isOurs && isPreCommit(text ?? '') && !startsTandem(text ?? '') ? { ...file, path: renamed } : file
}

/** True where the file is another manager's and that starts tandem already: a block as well would run it twice. */
async function isManaged(root: string, file: HookFile): Promise<boolean> {
  const text = await textOf(file.path)
  return text !== undefined && !startsTandem(text) && managerStarts(root, text, file.hook)
}

async function withLefthook(root: string, config: string, hooks: readonly HookName[]): Promise<HooksPlan> {
  const plan = await planLefthook(root, await localConfig(config), hooks)
  const done = plan.edits.length > 0 ? 'added' : 'unchanged'
  const installed = hooks.map((hook): Installed => {
    const byHand = plan.byHand.includes(hook)
    const note = byHand
      ? `add this to ${plan.path}:\n${lefthookEntry(root, plan.path, hook)}`
      : 'run `lefthook install` once'
    return { hook, path: plan.path, action: byHand ? 'by-hand' : done, note }
  })
  return { hooks: installed, edits: plan.edits }
}

async function outside(folder: string, hook: HookName): Promise<Installed> {
  const file = path.join(folder, hook)
  if (startsTandem((await textOf(file)) ?? '')) return { hook, path: file, action: 'unchanged', note: undefined }
  const note = `core.hooksPath leads outside this repository; add to ${file}: ${handLine(hook)}`
  return { hook, path: file, action: 'by-hand', note }
}

/** The line that a person adds to a hook; in a repository where tandem is not set up it does nothing, and it never fails. */
export function handLine(hook: HookName): string {
  return `tandem="$(git rev-parse --git-common-dir)/tandem/hook.sh"; [ ! -f "$tandem" ] || sh "$tandem" ${hook} "$@"`
}

/** Every file that may have a block: the repository may have changed to another manager of hooks since it was put in. */
async function everyHookFile(repository: InstallTarget): Promise<HookFile[]> {
  const home = await findHooksHome(repository)
  const folders = new Set([path.join(repository.commonDir, 'hooks'), path.join(repository.root, '.husky'), home.folder])
  if (home.kind !== 'outside') folders.add(await gitHooksFolder(repository))
  return [...folders].flatMap((folder) =>
    HOOK_NAMES.flatMap((hook) => {
      const file = hookFile({ kind: 'files', folder }, hook)
      return [file, ...RENAMED.map((ending) => ({ ...file, path: file.path + ending }))]
    }),
  )
}
