/**
 * Names in this clone's `info/exclude` what the tool has in the work tree for a while and nobody may commit: the copies of waiting files (waiting.ts), which `git clean -fd` and
 * `git stash -u` would take (a stash that took a copy could not be popped after the copy was put back), and the hook of a push (install/transaction-hook.ts), where git tracks the
 * folder of hooks. A folder of backups in the work tree is named too.
 */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { textOf } from './install/hook-text.ts'
import { blockText, findBlock, withBlock, withoutBlock } from './marked-block.ts'
import type { Repository } from './repository.ts'

const HOOK = /\/reference-transaction(\.tandem-original)?$/

const FOLDER = /\/$/

/** Makes `info/exclude` name, of waiting files, exactly these paths (from the root). */
export async function excludeWaiting(clone: Pick<Repository, 'commonDir'>, paths: readonly string[]): Promise<void> {
  await writeLines(clone, (lines) => [
    ...lines.filter((line) => HOOK.test(line) || FOLDER.test(line)),
    ...paths.map(pattern),
  ])
}

/** Makes `info/exclude` name the hook of a push in this folder (from the root). A push that is killed leaves its hook behind, and the lines stay until one comes to its end. */
export async function excludeHook(clone: Pick<Repository, 'commonDir'>, folder: string): Promise<void> {
  const file = path.posix.join(folder, 'reference-transaction')
  await writeLines(clone, (lines) => [...lines, pattern(file), pattern(`${file}.tandem-original`)])
}

/** Makes `info/exclude` name a folder of backups (from the root), so that nobody commits them. */
export async function excludeFolder(clone: Pick<Repository, 'commonDir'>, folder: string): Promise<void> {
  await writeLines(clone, (lines) => [...lines, `${pattern(folder)}/`])
}

/** Takes the lines of a push's hook out, so that git sees a hook of that name that is the user's own. */
export async function unexcludeHook(clone: Pick<Repository, 'commonDir'>): Promise<void> {
  await writeLines(clone, (lines) => lines.filter((line) => !HOOK.test(line)))
}

/** Takes all of the tool's lines out; the file is again what it was before. */
export function removeExcludes(clone: Pick<Repository, 'commonDir'>): Promise<void> {
  return writeLines(clone, () => [])
}

/** Replaces the tool's lines. Without any the block is removed, and the file is again what it was before. */
async function writeLines(
  { commonDir }: Pick<Repository, 'commonDir'>,
  change: (lines: readonly string[]) => string[],
): Promise<void> {
  const file = path.join(commonDir, 'info', 'exclude')
  const before = await textOf(file)
  const lines = [...new Set(change(linesIn(before ?? '', file)))].toSorted()
  const body = lines.map((line) => `${line}\n`).join('')
  const after = body === '' ? textWithout(before ?? '', file) : textWith(before, body, file)
  if (after === (before ?? '')) return
  if (after === undefined) return rm(file, { force: true })
  await mkdir(path.dirname(file), { recursive: true })
  await writeAtomically(file, Buffer.from(after, 'latin1'))
}

/** A gitignore(5) pattern that matches only this file, as a string of bytes. */
function pattern(file: string): string {
  return Buffer.from(`/${file.replace(/[\\*?[\]!# ]/g, String.raw`\$&`)}`).toString('latin1')
}

/** The lines of the block, without its marks. */
function linesIn(text: string, file: string): string[] {
  const block = findBlock(text, file)
  return block === undefined ? [] : text.slice(block.start, block.end).trimEnd().split(/\r?\n/).slice(1, -1)
}

function textWith(before: string | undefined, body: string, file: string): string {
  if (before === undefined) return blockText(body, 'new file')
  return withBlock(before, body, { file, position: before.length })
}

/** The text without the block; undefined when the file was made for the block and has nothing else. */
function textWithout(before: string, file: string): string | undefined {
  const block = findBlock(before, file)
  const rest = withoutBlock(before, file) ?? before
  return block?.note === 'new file' && rest === '' ? undefined : rest
}
