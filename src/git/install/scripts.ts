/** The shell scripts of `hooks/` and the files they share with the program in `<common git dir>/tandem`: read, filled in, copied. The only place that knows where they lie in the package. */
import { readFile, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeAtomically } from '../../io/atomic-write.ts'

/** `src/git/install` and `dist/git/install` are equally deep. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url))

/** The scripts that hooks and merge driver run, by name; copied, so that a repository works on without the package. */
const COPIED = ['hook.sh', 'command.sh', 'merge-driver.sh'] as const

/** Text of a file the package brings along, for example `hooks/hook.sh`. */
export function packageText(name: string): Promise<string> {
  return readFile(path.join(PACKAGE, name), 'utf8')
}

/** A script with every `@NAME@` replaced; values are put in as they are, so quote them first. */
export function fillIn(script: string, values: Readonly<Record<string, string>>): string {
  return script.replace(/@([A-Z_]+)@/g, (whole, name: string) => values[name] ?? whole)
}

/** One word for sh, whatever it holds. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** A command line for sh out of words: what `init` records in `git config tandem.command`. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellQuote).join(' ')
}

/** The folder that the scripts lie in; the program keeps its own state of a clone there too. */
export function scriptFolder(commonDir: string): string {
  return path.join(commonDir, 'tandem')
}

/** Copies the scripts; those that are there already and equal stay untouched. */
export async function copyScripts(commonDir: string): Promise<void> {
  for (const name of COPIED) {
    const file = path.join(scriptFolder(commonDir), name)
    const text = await packageText(`hooks/${name}`)
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== text) await writeAtomically(file, text, 0o755)
  }
}

/** Names of the scripts that are missing or of another version of the program. */
export async function staleScripts(commonDir: string): Promise<string[]> {
  const stale: string[] = []
  for (const name of COPIED) {
    const text = await readFile(path.join(scriptFolder(commonDir), name), 'utf8').catch(() => undefined)
    if (text !== (await packageText(`hooks/${name}`))) stale.push(name)
  }
  return stale
}

/** Removes the scripts and, if nothing else is in it, their folder. Installed blocks do nothing from then on. */
export async function removeScripts(commonDir: string): Promise<void> {
  const folder = scriptFolder(commonDir)
  for (const name of [...COPIED, 'reconciled', 'branches', 'wake']) await rm(path.join(folder, name), { force: true })
  await rmdir(folder).catch(() => undefined) // not empty: the program's state
}
