/** Keeps prettier out of the exports: often run at every commit by lint-staged, it would reformat collection.json, whose bytes must not change. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { withBlock, withoutBlock } from '../marked-block.ts'
import { performEdits } from './edits.ts'
import type { InstallTarget } from './hooks-home.ts'
import { scriptFolder } from './scripts.ts'

/** Adds the exports folder (relative to the root) to an existing `.prettierignore`. Returns true when the file was changed. */
export async function mendPrettierignore(repository: InstallTarget, folder: string): Promise<boolean> {
  const file = path.join(repository.root, '.prettierignore')
  const text = await readFile(file, 'latin1').catch(() => undefined)
  if (text === undefined) return false
  const line = Buffer.from(`${folder.replace(/\/+$/, '')}/`).toString('latin1')
  const foreign = withoutBlock(text, file) ?? text
  if (covers(foreign, line)) return false
  const content = withBlock(text, `${line}\n`, { file, position: text.length })
  return write(repository, file, { before: text, content })
}

/** Removes the block from `.prettierignore`. Returns true when the file was changed. */
export async function unmendPrettierignore(repository: InstallTarget): Promise<boolean> {
  const file = path.join(repository.root, '.prettierignore')
  const text = await readFile(file, 'latin1').catch(() => '')
  return write(repository, file, { before: text, content: withoutBlock(text, file) ?? text })
}

/** True when one of the user's own lines names the folder already. */
function covers(text: string, line: string): boolean {
  const bare = line.slice(0, -1)
  return text.split(/\r?\n/).some((each) => each.trim().replace(/^\/|\/(\*\*?)?$/g, '') === bare)
}

async function write(
  repository: InstallTarget,
  file: string,
  { before, content }: { readonly before: string; readonly content: string },
): Promise<boolean> {
  if (content === before) return false
  const mode = (await stat(file)).mode & 0o7777
  await performEdits(scriptFolder(repository.commonDir), [{ kind: 'write', path: file, content, mode }])
  return true
}
