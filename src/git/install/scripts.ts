/** The shell scripts of `hooks/`: reads them from the package, fills them in, and copies them to `<common git dir>/tandem`. */
import { readFile, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../../io/atomic-write.ts'
import { packageFile } from '../../io/package-files.ts'

/** The scripts that hooks and merge driver run. They are copied, so that git in the repository works also when the package is gone. */
const COPIED = ['hook.sh', 'command.sh', 'merge-driver.sh'] as const

/** Text of a file the package brings along, for example `hooks/hook.sh`. */
export function packageText(name: string): Promise<string> {
  return readFile(packageFile(name), 'utf8')
}

/** A script with every `@NAME@` replaced by its value. Values are not quoted here, so quote them first. */
export function fillIn(script: string, values: Readonly<Record<string, string>>): string {
  return script.replace(/@([A-Z_]+)@/g, (whole, name: string) => values[name] ?? whole)
}

/** The folder of the copied scripts. The program keeps its own files of a clone there too. */
export function scriptFolder(commonDir: string): string {
  return path.join(commonDir, 'tandem')
}

/** Copies the scripts, except those that are there already and equal. */
export async function copyScripts(commonDir: string): Promise<void> {
  for (const name of COPIED) {
    const file = path.join(scriptFolder(commonDir), name)
    const text = await packageText(`hooks/${name}`)
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== text) await writeAtomically(file, text, 0o755)
  }
}

/** Names of the scripts that are missing or differ from this version's. */
export async function staleScripts(commonDir: string): Promise<string[]> {
  const stale: string[] = []
  for (const name of COPIED) {
    const text = await readFile(path.join(scriptFolder(commonDir), name), 'utf8').catch(() => undefined)
    if (text !== (await packageText(`hooks/${name}`))) stale.push(name)
  }
  return stale
}

/** Removes the scripts and, if it is then empty, their folder. Blocks in hooks do nothing from then on. */
export async function removeScripts(commonDir: string): Promise<void> {
  const folder = scriptFolder(commonDir)
  for (const name of [...COPIED, 'reconciled', 'branches', 'wake']) await rm(path.join(folder, name), { force: true })
  await rmdir(folder).catch(() => undefined) // not empty: the program's own files are in it
}
