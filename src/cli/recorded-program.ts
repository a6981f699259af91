/** The command line by which hooks start this program again, made from how it was started now. */
import { shellCommand } from '../git/install/shell-words.ts'
import type { RecordedProgram } from '../operations/init/init.ts'

/** Yarn's Plug'n'Play keeps packages in zip files and in folders in which Node finds no dependencies: only Yarn starts a program from there. */
const YARN = /\.zip\/|\/__virtual__\/|\/\.yarn\/(unplugged|cache|berry)\//

/** Folders of packages that are tried once: `yarn dlx`, `npx`, `pnpm dlx`, `bunx`. */
const PASSING_YARN = /\/dlx-\d+\//

const PASSING = /\/_npx\/|\/dlx\/|\/bunx-/

/** @param executable path of Node @param script path of the program, without links */
export function recordedProgram(executable: string, script: string): RecordedProgram {
  const place = script.replaceAll('\\', '/')
  const advice = 'add git-tandem to the packages of this repository, then run init again'
  if (PASSING_YARN.test(place))
    return { command: '', note: `tandem runs from a passing folder of Yarn, where hooks cannot start it: ${advice}` }
  if (YARN.test(place))
    return {
      command: 'yarn run --silent tandem',
      note: 'hooks start tandem with "yarn run tandem", as Node alone cannot start it from where Yarn keeps it; so whoever starts git needs yarn on the PATH, and what this repository\'s .yarnrc.yml and .pnp.cjs say decides what runs',
    }
  const command = shellCommand([executable, script])
  if (PASSING.test(place)) return { command, note: `tandem runs from a cache, which may be emptied: ${advice}` }
  return { command, note: undefined }
}
