/** Words and command lines for sh. Without imports, so that the hooks' short way into the program may use it. */
/** One word for sh, whatever it holds. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** A command line for sh out of words: what `init` records in `git config tandem.command`. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellQuote).join(' ')
}
