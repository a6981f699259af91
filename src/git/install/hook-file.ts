/** One hook file: plans how the tool's block is put into it and taken out again, whatever the file contains. edits.ts performs the plans. */
import { access, constants, lstat, readFile } from 'node:fs/promises'
import path from 'node:path'
import { UsageError } from '../../model/errors.ts'
import { type BlockNote, blockText, findBlock, withBlock, withoutBlock } from '../marked-block.ts'
import { type FileEdit, asidePath } from './edits.ts'
import { fillIn, packageText } from './scripts.ts'

/** The git hooks that the program uses (githooks(5)). The last two are used only where exports are part of the user's own commits. */
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

/** Hooks to which git gives information on standard input. */
const READS_INPUT: readonly HookName[] = ['pre-push', 'post-rewrite']

/** A hook file that exists or will be made. */
export interface HookFile {
  readonly hook: HookName
  readonly path: string
  /** `git` starts the file as a program; husky 9 has `sh` read it, whatever its mode and first line. */
  readonly startedBy: 'git' | 'sh'
}

/** What is done to a hook file; `wrapped`: the user's hook was put aside and is started by ours. */
export type HookAction = 'created' | 'added' | 'updated' | 'wrapped' | 'unchanged' | 'removed'

/** The plan for one hook file. */
export interface HookPlan {
  readonly action: HookAction
  readonly edits: readonly FileEdit[]
}

const SHEBANG = '#!/bin/sh\n'

/**
 * The plan by which a hook file runs the tool's stub first and then everything that it ran before.
 * @throws UsageError when the file has half a block, or another hook was put aside before
 */
export async function planAdd(file: HookFile): Promise<HookPlan> {
  const body = await blockBody(file.hook)
  const now = await readHook(file)
  if (now === undefined) return created(file, SHEBANG + blockText(body, 'new file'))
  const note = findBlock(now.content, file.path)?.note
  if (note === undefined && !now.editable) return wrapped(file, body)
  const full = note === 'wrapper' ? body + (await wrapperTail(file.hook)) : body
  const before = note === undefined ? now.content : withOwnShebang(file, now.content, note)
  const content = withBlock(before, full, { file: file.path, position: afterShebang(before) })
  if (content === now.content || isCheckedOut(file, content, now.content)) return { action: 'unchanged', edits: [] }
  const edit: FileEdit = { kind: 'write', path: file.path, content, mode: now.mode }
  return { action: note === undefined ? 'added' : 'updated', edits: [edit] }
}

/** The plan by which a hook file becomes, byte for byte, what it was before the block was put in. @throws UsageError when it has half a block */
export async function planRemove(file: HookFile): Promise<HookPlan> {
  const now = await readHook(file)
  const block = now && findBlock(now.content, file.path)
  if (now === undefined || block === undefined) return { action: 'unchanged', edits: [] }
  if (block.note === 'wrapper') {
    // another manager gave the file this name: without our lines, the hook that was put aside would no longer run
    if (isRenamed(file)) return { action: 'unchanged', edits: [] }
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

/** The file with its first line as it was written, where that line is ours: git could not start a program called `sh` and a carriage return. */
function withOwnShebang(file: HookFile, content: string, note: BlockNote): string {
  const isOurs = file.startedBy === 'git' && (note === 'new file' || note === 'wrapper')
  return isOurs ? content.replace(/^#!\/bin\/sh\r\n/, SHEBANG) : content
}

/** True where git has checked the file out with the line ends of Windows and `sh` reads it: the block is a line that ends in a comment, so it runs all the same. */
function isCheckedOut({ startedBy }: HookFile, wanted: string, found: string): boolean {
  return startedBy === 'sh' && wanted.replaceAll('\r\n', '\n') === found.replaceAll('\r\n', '\n')
}

/** What hook managers add to the name of a hook that they find: pre-commit runs `.legacy` before its own, lefthook keeps `.old` and does not run it. */
export const RENAMED = ['.legacy', '.old'] as const

function isRenamed(file: HookFile): boolean {
  return path.basename(file.path) !== file.hook
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
  /** True when lines of sh put in at the top will run. False for symbolic links (they lead to another program's file), for other languages, and for hooks that are not executable. */
  readonly editable: boolean
}

async function readHook(file: HookFile): Promise<HookContent | undefined> {
  const stat = await lstat(file.path).catch(() => undefined)
  if (stat === undefined) return undefined
  const content = await readFile(file.path, 'latin1').catch(() => '') // a symbolic link that leads nowhere
  const mode = stat.mode & 0o7777
  if (stat.isSymbolicLink()) return { content: '', mode, editable: false }
  if (file.startedBy === 'sh') return { content, mode, editable: true }
  return { content, mode, editable: isShell(content) && (await isExecutable(file.path)) }
}

/** True for a script that a shell of the sh family runs; git runs a file without `#!` with sh. */
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
