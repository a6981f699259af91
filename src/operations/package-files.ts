/** Files that come with the program: templates and hook scripts, found beside `src` or `dist`. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Absolute path of a file below the package's root. */
export function packageFile(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url))
}

/** Text of a file in `templates/`. */
export function templateText(name: string): Promise<string> {
  return readFile(packageFile(`templates/${name}`), 'utf8')
}
