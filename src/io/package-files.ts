/** Files that come with the program: templates and hook scripts, found beside `src` or `dist`. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** Absolute path of a file below the package's root. */
export function packageFile(name: string): string {
  return path.join(import.meta.dirname, '../..', name)
}

/** Text of a file in `templates/`. */
export function templateText(name: string): Promise<string> {
  return readFile(packageFile(`templates/${name}`), 'utf8')
}

/** The program's version, for example `0.1.0`. */
export async function packageVersion(): Promise<string> {
  return (JSON.parse(await readFile(packageFile('package.json'), 'utf8')) as { readonly version: string }).version
}
