/** What the text of a hook, or of a hook manager's configuration, tells: whether tandem is started from it, and whose it is. */
import { readFile } from 'node:fs/promises'

/** The bytes of a file as a text (latin1); undefined where it cannot be read. */
export function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'latin1').catch(() => undefined)
}

/** True for every way in which tandem is started: our block, the entry for lefthook, the line that a person adds. */
export function startsTandem(text: string): boolean {
  return text.includes('tandem/hook.sh')
}

/** True for the hook that the pre-commit framework writes. It runs `<hook>.legacy`, the hook that it found, before its own. */
export function isPreCommit(text: string): boolean {
  return text.includes('pre-commit.com') || text.includes('pre-commit hook-impl')
}

/** True where a configuration starts the stub for this hook, be it by a shell line or a list of words. */
export function startsHook(text: string, hook: string): boolean {
  return startsTandem(text) && new RegExp(String.raw`(tandem/hook\.sh|\$\w+)["'\\,\s-]{1,12}${hook}\b`).test(text)
}
