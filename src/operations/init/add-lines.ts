/** Adds lines to `.gitignore` or `.env`, files that are the user's. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { scriptFolder } from '../../git/install/scripts.ts'
import type { Repository } from '../../git/repository.ts'
import { writeByWayOf } from '../../io/atomic-write.ts'

/** Adds to a file of the root the lines that it does not hold yet; makes it if there is none. */
export async function addLines(
  repository: Repository,
  name: string,
  { lines, mode }: { readonly lines: readonly string[]; readonly mode?: number },
): Promise<void> {
  const file = path.join(repository.root, name)
  const before = await readFile(file, 'utf8').catch(() => '')
  const gap = before === '' || before.endsWith('\n') ? '' : '\n'
  const missing = lines.filter((line) => !before.split('\n').includes(line)).map((line) => `${line}\n`)
  const content = `${before}${gap}${missing.join('')}`
  const folder = scriptFolder(repository.commonDir)
  await writeByWayOf(folder, file, mode === undefined ? { content } : { content, mode })
}

/** Gives a variable of a file such as `.env` this value: in the place of the line that sets it now, else at the end. */
export async function setVariable(
  repository: Repository,
  name: string,
  variable: { readonly name: string; readonly value: string; readonly mode: number },
): Promise<void> {
  const file = path.join(repository.root, name)
  const line = `${variable.name}='${variable.value}'`
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  const at = lines.findLastIndex((each) => each.replace(/^\s*(export\s+)?/, '').startsWith(`${variable.name}=`))
  if (at < 0) return addLines(repository, name, { lines: [line], mode: variable.mode })
  const content = lines.with(at, line).join('\n')
  await writeByWayOf(scriptFolder(repository.commonDir), file, { content, mode: variable.mode })
}

/** True when git ignores the path, which is relative to the root, or would if it were not committed. */
export async function isIgnored(repository: Repository, name: string): Promise<boolean> {
  return (await repository.git(['check-ignore', '--no-index', '--', name], { answers: [1] })) !== ''
}
