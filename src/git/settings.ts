/** The tool's settings of this clone, kept in git's own configuration (`git config tandem.…`). */
import type { Repository } from './repository.ts'

/** A setting's value; undefined when unset. `tandem.` need not be written. */
export async function getSetting(repository: Repository, name: string): Promise<string | undefined> {
  const value = await repository.git(['config', '--get', `tandem.${name}`], { answers: [1] })
  return value === '' ? undefined : value
}

/** All `tandem.*` settings in one call, names without the prefix; git writes section and last part in lower case. */
export async function allSettings(repository: Repository): Promise<ReadonlyMap<string, string>> {
  const listing = await repository.git(['config', '--null', '--get-regexp', String.raw`^tandem\.`], { answers: [1] })
  const settings = new Map<string, string>()
  for (const entry of listing.split('\0')) {
    const end = entry.indexOf('\n')
    if (end > 0) settings.set(entry.slice('tandem.'.length, end), entry.slice(end + 1))
  }
  return settings
}

export async function setSetting(repository: Repository, name: string, value: string): Promise<void> {
  await repository.git(['config', '--local', `tandem.${name}`, value])
}

/** Removes a whole group of settings, `tandem` itself or `tandem.source.app`; absent is fine. */
export async function removeSettings(repository: Repository, section: string): Promise<void> {
  await repository.git(['config', '--local', '--remove-section', section], { answers: [128] })
}
