/** git's configuration, of all levels (system, user, repository) together, from the output of one command. */

export interface GitConfig {
  /** The value of a name, the last one if it has several; undefined when unset. Section and variable are in lower case, as git lists them: `remote.Origin.fetch`. */
  get(name: string): string | undefined
  /** All values of a name. A later one overrides those before it. */
  all(name: string): readonly string[]
  /** True when the value is true by git's rules (git-config(1), --type=bool). False when unset. */
  isTrue(name: string): boolean
  readonly names: readonly string[]
}

/** Reads the output of `git config --null --list`. */
export function parseGitConfig(listing: string): GitConfig {
  const values = new Map<string, (string | undefined)[]>()
  for (const entry of listing.split('\0')) {
    if (entry === '') continue
    const end = entry.indexOf('\n')
    const [name, value] = end < 0 ? [entry, undefined] : [entry.slice(0, end), entry.slice(end + 1)]
    values.set(name, [...(values.get(name) ?? []), value])
  }
  const last = (name: string): string | undefined => values.get(name)?.at(-1)
  return {
    get: last,
    all: (name) => (values.get(name) ?? []).filter((value) => value !== undefined),
    // a name without a value is true, one with an empty value is false
    isTrue: (name) => values.has(name) && isTrue(last(name)),
    names: [...values.keys()],
  }
}

function isTrue(value: string | undefined): boolean {
  if (value === undefined || /^(true|yes|on)$/i.test(value)) return true
  return /^[+-]?\d+$/.test(value) && Number(value) !== 0
}
