/** Keeps `git clean -fd` and `git stash -u` off the copies of files that wait: while they do, this clone's `info/exclude` names them. (A stash that took one could not be popped once the copy was put back.) */
import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { blockText, findBlock, withBlock, withoutBlock } from './install/marked-block.ts'
import type { Repository } from './repository.ts'

/** Names exactly these paths (from the root); none takes the block out, byte for byte. */
export async function excludeWaiting(repository: Repository, paths: readonly string[]): Promise<void> {
  const file = path.join(repository.commonDir, 'info', 'exclude')
  const before = await readFile(file, 'latin1').catch(() => undefined)
  const after = paths.length === 0 ? textWithout(before ?? '', file) : textWith(before, linesOf(paths), file)
  if (after === (before ?? '')) return
  if (after === undefined) return rm(file, { force: true })
  await mkdir(path.dirname(file), { recursive: true })
  await writeAtomically(file, Buffer.from(after, 'latin1'))
}

/** Patterns of gitignore(5) that mean just these files. */
function linesOf(paths: readonly string[]): string {
  const lines = paths.map((each) => `/${each.replace(/[\\*?[\]!# ]/g, String.raw`\$&`)}\n`)
  return Buffer.from(lines.toSorted().join('')).toString('latin1')
}

function textWith(before: string | undefined, body: string, file: string): string {
  if (before === undefined) return blockText(body, 'new file')
  return withBlock(before, body, { file, position: before.length })
}

/** undefined: the file was made for the block, and holds nothing else. */
function textWithout(before: string, file: string): string | undefined {
  const block = findBlock(before, file)
  const rest = withoutBlock(before, file) ?? before
  return block?.note === 'new file' && rest === '' ? undefined : rest
}
