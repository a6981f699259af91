/** lefthook writes `.git/hooks` itself, so there our hooks are entries of its local configuration (`lefthook-local.yml`), which it merges over the common one. */
import { access, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { FileEdit } from './edits.ts'
import type { HookName } from './hook-file.ts'
import { blockText, findBlock, withBlock, withoutBlock } from './marked-block.ts'

export interface LefthookPlan {
  readonly path: string
  readonly edits: readonly FileEdit[]
  /** Hooks that the local configuration has already; YAML allows a name once, so the entry is added by hand. */
  readonly byHand: readonly HookName[]
}

/** The local configuration that goes with a main one: same folder, same leading dot (https://lefthook.dev/configuration). */
export async function localConfig(config: string): Promise<string> {
  const dot = path.basename(config).startsWith('.') ? '.' : ''
  const file = (format: string): string => path.join(path.dirname(config), `${dot}lefthook-local.${format}`)
  for (const format of ['yml', 'yaml', 'toml', 'json', 'jsonc']) {
    const found = await access(file(format)).then(
      () => true,
      () => false,
    )
    if (found) return file(format)
  }
  return file('yml')
}

/** What must be done for lefthook to run our stub in these hooks. */
export async function planLefthook(local: string, hooks: readonly HookName[]): Promise<LefthookPlan> {
  if (!/\.ya?ml$/.test(local)) return { path: local, edits: [], byHand: hooks }
  const text = await readFile(local, 'latin1').catch(() => undefined)
  const foreign = text === undefined ? '' : (withoutBlock(text, local) ?? text)
  const byHand = hooks.filter((hook) => new RegExp(`^(['"]?)${hook}\\1\\s*:`, 'm').test(foreign))
  const body = hooks
    .filter((hook) => !byHand.includes(hook))
    .map(lefthookEntry)
    .join('')
  const content =
    text === undefined ? blockText(body, 'new file') : withBlock(text, body, { file: local, position: text.length })
  if (content === text || body === '') return { path: local, edits: [], byHand }
  return { path: local, edits: [{ kind: 'write', path: local, content, mode: await modeOf(local) }], byHand }
}

/** What must be done for the local configuration to be as it was. */
export async function planLefthookRemoval(local: string): Promise<readonly FileEdit[]> {
  const text = await readFile(local, 'latin1').catch(() => '')
  const content = withoutBlock(text, local)
  if (content === undefined) return []
  if (findBlock(text, local)?.note === 'new file' && content === '') return [{ kind: 'remove', path: local }]
  return [{ kind: 'write', path: local, content, mode: await modeOf(local) }]
}

/** One hook's entry, in YAML. Without the stub it does nothing, and it never fails. */
export function lefthookEntry(hook: HookName): string {
  const stdin = hook === 'pre-push' || hook === 'post-rewrite' ? '      use_stdin: true\n' : ''
  return `${hook}:
  commands:
    tandem:
      run: |
        stub="$(git rev-parse --git-common-dir)/tandem/hook.sh"
        if [ -f "$stub" ]; then sh "$stub" ${hook} {0}; fi
${stdin}`
}

async function modeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.mode & 0o7777,
    () => 0o644,
  )
}
