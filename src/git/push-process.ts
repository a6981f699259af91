/**
 * Which process is the `git push` that runs this hook. The stub names the nearest git above it, or its own parent; that is another one where git is called by another name (a wrapper
 * `git` around it), where many shells stand in between, and where a hook manager uses `git hook run`.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** A process and the words it was started with. */
export interface PushProcess {
  readonly pid: number
  readonly words: readonly string[]
  /** True for `git hook run`: the hook was started, but nothing is pushed. */
  readonly isHookRun: boolean
}

/** No chain of shells is longer. */
const MOST_PARENTS = 64

/**
 * Finds the process among those above this one: the nearest git that pushes, by its own words or because the stub named it. Where there is no /proc, the stub is believed.
 * @param named what the stub found
 */
export async function pushProcess(named: number): Promise<PushProcess> {
  let pid: number | undefined = process.ppid
  for (let i = 0; i < MOST_PARENTS && pid !== undefined; i++) {
    const found = await processAt(pid)
    if (isGit(found) && !found.isHookRun && (pid === named || found.words.includes('push'))) return found
    pid = await parentOf(pid)
  }
  return processAt(named)
}

async function processAt(pid: number): Promise<PushProcess> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const words = text.split('\0').filter((word) => word !== '')
  return { pid, words, isHookRun: isHookRun(words) }
}

/** True for `git`, `git.real`, `git-push`; false for a shell that runs a script called `git`: such a wrapper is not the process that moves refs. */
function isGit({ words }: PushProcess): boolean {
  return path.basename(words[0] ?? '').includes('git')
}

/** `git hook run pre-push`, with options of git before it. */
function isHookRun(words: readonly string[]): boolean {
  const at = words.indexOf('hook')
  return at > 0 && words[at + 1] === 'run' && !words.slice(0, at).includes('push')
}

async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // "pid (command) state parent …"; the command may contain blanks and brackets
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  return parent > 1 ? parent : undefined
}
