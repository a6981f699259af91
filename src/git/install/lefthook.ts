/** With lefthook, which writes the files of `.git/hooks` itself, the tool's hooks are entries in its local configuration (`lefthook-local.yml`). lefthook merges that over the shared one. */
import path from 'node:path'
import { exists } from '../../io/exists.ts'
import { withoutBlock } from '../marked-block.ts'
import { planBlock } from './block-file.ts'
import type { FileEdit } from './edits.ts'
import type { HookName } from './hook-file.ts'
import { startsHook, textOf } from './hook-text.ts'
import { LEFTHOOK_FORMATS } from './hooks-home.ts'

/** The plan for the local configuration at `path`. */
export interface LefthookPlan {
  readonly path: string
  readonly edits: readonly FileEdit[]
  /** Hooks that the local configuration names already. YAML allows a name once, so the user has to add the tool's entry to them. */
  readonly byHand: readonly HookName[]
}

/** Path of the local configuration that belongs to a main one: in the same folder, with the same leading dot (https://lefthook.dev/configuration). */
export async function localConfig(config: string): Promise<string> {
  const dot = path.basename(config).startsWith('.') ? '.' : ''
  const file = (format: string): string => path.join(path.dirname(config), `${dot}lefthook-local.${format}`)
  for (const format of LEFTHOOK_FORMATS) if (await exists(file(format))) return file(format)
  return file('yml')
}

/** The plan by which lefthook runs the tool's stub in these hooks. `root`: top of the work tree. */
export async function planLefthook(root: string, local: string, hooks: readonly HookName[]): Promise<LefthookPlan> {
  const text = (await textOf(local)) ?? ''
  const foreign = withoutBlock(text, local) ?? text
  if (!/\.ya?ml$/.test(local))
    return { path: local, edits: [], byHand: hooks.filter((hook) => !startsHook(foreign, hook)) }
  const taken = hooks.filter((hook) => new RegExp(`^(['"]?)${hook}\\1\\s*:`, 'm').test(foreign))
  const body = hooks
    .filter((hook) => !taken.includes(hook))
    .map((hook) => lefthookEntry(root, local, hook))
    .join('')
  const edits = body === '' ? [] : await planBlock(local, body)
  return { path: local, edits, byHand: taken.filter((hook) => !startsHook(foreign, hook)) }
}

/**
 * The entry of one hook in YAML. It never fails, and does nothing when the stub is missing. lefthook skips what it takes for a check of files: in `pre-commit` when nothing is
 * staged, in `pre-push` when HEAD and the upstream branch have the same files, although the database may have changed. It does not skip a command whose `{files}` is not empty,
 * so the entry names the file in which it stands.
 */
export function lefthookEntry(root: string, local: string, hook: HookName): string {
  const stdin = hook === 'pre-push' || hook === 'post-rewrite' ? '      use_stdin: true\n' : ''
  const isSkipped = hook === 'pre-push' || hook === 'pre-commit'
  const place = path.relative(root, local).split(path.sep).join('/')
  const files = isSkipped ? `      files: git ls-files --cached --others -- ${place}\n` : ''
  return `${hook}:
  commands:
    tandem:
${files}      run: |
${isSkipped ? '        : {files}\n' : ''}        stub="$(git rev-parse --git-common-dir)/tandem/hook.sh"
${hook === 'pre-push' ? PRE_PUSH : `        if [ -f "$stub" ]; then sh "$stub" ${hook} {0}; fi\n`}${stdin}`
}

/** lefthook puts git's arguments in as they are. A URL may hold what sh would read as its own, so it goes through a here-document. */
const PRE_PUSH = `        words=$(cat <<'TANDEM'
        {0}
        TANDEM
        )
        if [ -f "$stub" ]; then sh "$stub" pre-push "\${words%% *}" "\${words#* }"; fi
`
