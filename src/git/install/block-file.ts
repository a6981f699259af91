/** A file of lines (YAML, git's attributes) in which the tool has a block: plans how the block is written at its end and taken out again. edits.ts performs the plans. */
import { readFile, stat } from 'node:fs/promises'
import { blockText, findBlock, withBlock, withoutBlock } from '../marked-block.ts'
import type { FileEdit } from './edits.ts'

/** The edits by which the file has a block with this body; it is made if needed. None when only the line ends differ, which mean nothing in these files. */
export async function planBlock(file: string, body: string): Promise<readonly FileEdit[]> {
  const text = await readFile(file, 'latin1').catch(() => undefined)
  const content =
    text === undefined ? blockText(body, 'new file') : withBlock(text, body, { file, position: text.length })
  if (content.replaceAll('\r\n', '\n') === text?.replaceAll('\r\n', '\n')) return []
  return [{ kind: 'write', path: file, content, mode: await modeOf(file) }]
}

/** The edits by which the file becomes what it was before; none when it has no block. */
export async function planBlockRemoval(file: string): Promise<readonly FileEdit[]> {
  const text = await readFile(file, 'latin1').catch(() => '')
  const content = withoutBlock(text, file)
  if (content === undefined) return []
  if (findBlock(text, file)?.note === 'new file' && content === '') return [{ kind: 'remove', path: file }]
  return [{ kind: 'write', path: file, content, mode: await modeOf(file) }]
}

async function modeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.mode & 0o7777,
    () => 0o644,
  )
}
