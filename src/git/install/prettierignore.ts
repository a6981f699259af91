/** Keeps formatters out of the exports: prettier, often run by lint-staged at every commit, would rewrite collection.json and break its bytes. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { performEdits } from './edits.ts'
import type { Place } from './hooks-home.ts'
import { withBlock, withoutBlock } from './marked-block.ts'
import { scriptFolder } from './scripts.ts'

/** Adds the exports folder (relative to the root) to an existing `.prettierignore`. Answers true when the file was changed. */
export async function mendPrettierignore(place: Place, folder: string): Promise<boolean> {
  const file = path.join(place.root, '.prettierignore')
  const text = await readFile(file, 'latin1').catch(() => undefined)
  if (text === undefined) return false
  const line = Buffer.from(`${folder.replace(/\/+$/, '')}/`).toString('latin1')
  const foreign = withoutBlock(text, file) ?? text
  if (covers(foreign, line)) return false
  const content = withBlock(text, `${line}\n`, { file, position: text.length })
  return write(place, file, { before: text, content })
}

/** Takes our lines out again, byte for byte. Answers true when the file was changed. */
export async function unmendPrettierignore(place: Place): Promise<boolean> {
  const file = path.join(place.root, '.prettierignore')
  const text = await readFile(file, 'latin1').catch(() => '')
  return write(place, file, { before: text, content: withoutBlock(text, file) ?? text })
}

/** True when a line of the user's names the folder already. */
function covers(text: string, line: string): boolean {
  const bare = line.slice(0, -1)
  return text.split(/\r?\n/).some((each) => each.trim().replace(/^\/|\/(\*\*?)?$/g, '') === bare)
}

async function write(
  place: Place,
  file: string,
  { before, content }: { readonly before: string; readonly content: string },
): Promise<boolean> {
  if (content === before) return false
  const mode = (await stat(file)).mode & 0o7777
  await performEdits(scriptFolder(place.commonDir), [{ kind: 'write', path: file, content, mode }])
  return true
}
