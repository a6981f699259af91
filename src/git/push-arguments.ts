/** What the arguments of the `git push` that is going on say. A hook gets only remote and refs; the rest is read from the process. Pure, so that the forms can be tried. */

/** A push of fewer files is sent as differences from the former ones, which is a tenth of the bytes; finding them takes no time worth mentioning. */
const MANY_FILES = 1000

/**
 * Options of git, before `push`, for a push of so many files. Of many, git is to send objects as they are: else it compares each with some of its neighbours (pack.window,
 * git-config(1)), for minutes. Deltas that it has are sent all the same, and maintenance finds further ones later.
 */
export function sendingOptions(files: number): readonly string[] {
  return files > MANY_FILES ? ['-c', 'pack.window=0'] : []
}

export interface PushArguments {
  readonly isDryRun: boolean
  /** `-o VALUE`, to be handed on: a remote that took them for the first push takes them for the data commit too. */
  readonly options: readonly string[]
}

/** Options of git push whose value is the next argument (git-push(1)). */
const WITH_VALUE = new Set(['--repo', '--receive-pack', '--exec', '--push-option', '-o'])

/**
 * Reads a command line such as `git -c a=b push -n origin main`.
 * @param args the words, the program first; without the word `push` (an alias) nothing is known
 */
export function readPushArguments(args: readonly string[]): PushArguments {
  const options: string[] = []
  let isDryRun = false
  for (let i = args.indexOf('push') + 1; i > 0 && i < args.length && args[i] !== '--'; i++) {
    const word = args[i] as string
    const value = args[i + 1] ?? ''
    if (word === '--push-option' || word === '-o') options.push(value)
    else if (word.startsWith('--push-option=')) options.push(word.slice('--push-option='.length))
    else if (/^-[a-zA-Z46]/.test(word)) {
      // letters of one word stand together until one that takes a value: -onotify is the push option `notify`
      const [, letters = '', option] = /^-([^o]*)(?:o(.*))?$/s.exec(word) ?? []
      isDryRun ||= letters.includes('n')
      if (option !== undefined) options.push(option === '' ? value : option)
    }
    // git takes every beginning of a long option that is no other's
    if (/^--dr(y(-(r(un?)?)?)?)?$/.test(word)) isDryRun = true
    if (word === '--no-dry-run') isDryRun = false
    if (WITH_VALUE.has(word)) i++
  }
  return { isDryRun, options }
}
