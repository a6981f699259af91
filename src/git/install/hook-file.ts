/** One hook file: how our block gets into it and out again, whatever is in it already. Plans only; edits.ts performs. */
import { access, constants, lstat, readFile } from 'node:fs/promises'
import { UsageError } from '../../model/errors.ts'
import { asidePath, type FileEdit } from './edits.ts'
import { blockText, findBlock, withBlock, withoutBlock } from './marked-block.ts'
import { fillIn, packageText } from './scripts.ts'

/** Every git hook that the program answers to (githooks(5)). The last two only where exports travel in the user's own commits. */
export const HOOK_NAMES = [
  'pre-push',
  'post-merge',
  'post-commit',
  'post-rewrite',
  'post-checkout',
  'pre-commit',
  'prepare-commit-msg',
] as const
export type HookName = (typeof HOOK_NAMES)[number]

/** Hooks that git tells something on standard input. */
const READS_INPUT: readonly HookName[] = ['pre-push', 'post-rewrite']

export interface HookFile {
  readonly hook: HookName
  readonly path: string
  /** `git` starts the file as a program; husky 9 has `sh` read it, whatever its mode and first line. */
  readonly startedBy: 'git' | 'sh'
}

export type HookAction = 'created' | 'added' | 'updated' | 'wrapped' | 'unchanged' | 'removed'

export interface HookPlan {
  readonly action: HookAction
  readonly edits: readonly FileEdit[]
}

const SHEBANG = '#!/bin/sh\n'

/**
 * What must be done for a hook file to run our stub first and then all it ran before.
 * @throws UsageError when the file holds half a block, or another hook was put aside before
 */
export async function planAdd(file: HookFile): Promise<HookPlan> {
  const body = await blockBody(file.hook)
  const now = await readHook(file)
  if (now === undefined) return created(file, SHEBANG + blockText(body, 'new file'))
  const note = findBlock(now.content, file.path)?.note
  if (note === undefined && !now.editable) return wrapped(file, body)
  const full = note === 'wrapper' ? body + (await wrapperTail(file.hook)) : body
  const content = withBlock(now.content, full, { file: file.path, position: afterShebang(now.content) })
  if (content === now.content) return { action: 'unchanged', edits: [] }
  const edit: FileEdit = { kind: 'write', path: file.path, content, mode: now.mode }
  return { action: note === undefined ? 'added' : 'updated', edits: [edit] }
}

/** What must be done for a hook file to be, byte for byte, what it was without us. */
export async function planRemove(file: HookFile): Promise<HookPlan> {
  const now = await readHook(file)
  const block = now && findBlock(now.content, file.path)
  if (now === undefined || block === undefined) return { action: 'unchanged', edits: [] }
  if (block.note === 'wrapper') {
    const original = await lstat(asidePath(file.path)).catch(() => undefined)
    return { action: 'removed', edits: [{ kind: original ? 'put-back' : 'remove', path: file.path }] }
  }
  const content = withoutBlock(now.content, file.path) ?? now.content
  const edit: FileEdit =
    block.note === 'new file' && content.replaceAll('\r', '') === SHEBANG
      ? { kind: 'remove', path: file.path }
      : { kind: 'write', path: file.path, content, mode: now.mode }
  return { action: 'removed', edits: [edit] }
}

/** The lines of our block in a hook's file. */
async function blockBody(hook: HookName): Promise<string> {
  const script = READS_INPUT.includes(hook) ? 'hooks/block-stdin.sh' : 'hooks/block.sh'
  return fillIn(await packageText(script), { HOOK: hook })
}

async function wrapperTail(hook: HookName): Promise<string> {
  return fillIn(await packageText('hooks/wrapper.sh'), { HOOK: hook })
}

function created(file: HookFile, content: string): HookPlan {
  return { action: 'created', edits: [{ kind: 'write', path: file.path, content, mode: 0o755 }] }
}

async function wrapped(file: HookFile, body: string): Promise<HookPlan> {
  if (await lstat(asidePath(file.path)).catch(() => undefined))
    throw new UsageError(`${file.path} and ${asidePath(file.path)} are both hooks of yours`, {
      hint: 'Keep one of the two in the first place, remove the other, then run the command again.',
    })
  const content = SHEBANG + blockText(body + (await wrapperTail(file.hook)), 'wrapper')
  const write: FileEdit = { kind: 'write', path: file.path, content, mode: 0o755 }
  return { action: 'wrapped', edits: [{ kind: 'put-aside', path: file.path }, write] }
}

interface HookContent {
  /** A string of bytes (latin1). */
  readonly content: string
  readonly mode: number
  /** Lines of sh put in at the top will run. Not so in links (they lead to a file of somebody else's), other languages, and hooks switched off by their mode. */
  readonly editable: boolean
}

async function readHook(file: HookFile): Promise<HookContent | undefined> {
  const stat = await lstat(file.path).catch(() => undefined)
  if (stat === undefined) return undefined
  const content = await readFile(file.path, 'latin1').catch(() => '') // a link that leads nowhere
  const mode = stat.mode & 0o7777
  if (stat.isSymbolicLink()) return { content: '', mode, editable: false }
  if (file.startedBy === 'sh') return { content, mode, editable: true }
  return { content, mode, editable: isShell(content) && (await isExecutable(file.path)) }
}

/** True for a script that a shell of the sh family reads; git gives a file without `#!` to sh. */
function isShell(content: string): boolean {
  if (!content.startsWith('#!')) return !content.slice(0, 512).includes('\0')
  const line = content.slice(2).split(/\r?\n/, 1)[0] ?? ''
  return line.split(/[\s/\\]+/).some((word) => /^(ba|da|a|k|mk|z)?sh(\.exe)?$/.test(word))
}

function afterShebang(content: string): number {
  if (!content.startsWith('#!')) return 0
  const end = content.indexOf('\n')
  return end < 0 ? content.length : end + 1
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
