/** Which names are never mirrored. Patterns are those of gitignore(5), read by the package `ignore`. */
import ignore from 'ignore'

/** The tool's own folder on both sides: marker, trash, versions, the copy of the repository. */
export const OWN_FOLDER = '.tandem-mirror'

/** Begins the name of a file that is being copied. */
export const PASSING = '.tandem-mirror-passing-'

/** Never mirrored, whatever a configuration says, which is pulled from others: copied as files, these would take the place of the other side's own. */
const OWN = ['.git', OWN_FOLDER, `${PASSING}*`]

const USUAL = [
  '__pycache__',
  '*.pyc',
  '*.tmp',
  '*.swp',
  '~$*',
  '.DS_Store',
  'Thumbs.db',
  'desktop.ini',
  '$RECYCLE.BIN',
  'System Volume Information',
  'lost+found',
]

/** Answers whether a path (a folder's with `/` at its end) is left out. @param patterns those of the configuration, and files that are mirrored another way */
export function exclusions(patterns: readonly string[]): (path: string) => boolean {
  const rules = ignore({ ignorecase: false })
    .add(USUAL)
    .add([...patterns])
    // the last one decides, so that no "!" before it takes these back
    .add(OWN)
  return (path) => rules.ignores(path)
}

const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i

/** Why Windows cannot have a file of this name (https://learn.microsoft.com/windows/win32/fileio/naming-a-file); undefined: it can. */
export function windowsProblem(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (DEVICE.test(name)) return 'is the name of a device on Windows'
  // oxlint-disable-next-line no-control-regex
  if (/[<>:"|?*\\\u0000-\u001f]/.test(name)) return 'has a character that Windows does not allow'
  return /[. ]$/.test(name) ? 'ends in a dot or blank, which Windows drops' : undefined
}

/** Paths that are one file where upper and lower case, or forms of Unicode, are not told apart: all but the first of each. */
export function collisions(paths: Iterable<string>): string[] {
  const seen = new Set<string>()
  return [...paths].sort().filter((path) => {
    const folded = path.normalize('NFC').toLowerCase()
    if (seen.has(folded)) return true
    seen.add(folded)
    return false
  })
}
