/** The tool's settings of this clone, kept in git's own configuration (`git config tandem.…`). */
import type { Repository } from './repository.ts'

/** The value of `tandem.<name>`; undefined when it is not set. */
export async function getSetting(repository: Repository, name: string): Promise<string | undefined> {
  return (await repository.config()).get(`tandem.${name}`) || undefined
}

/** All `tandem.*` settings by name without the prefix. git gives the last part of a name in lower case. */
export async function allSettings(repository: Repository): Promise<ReadonlyMap<string, string>> {
  const config = await repository.config()
  const names = config.names.filter((name) => name.startsWith('tandem.'))
  return new Map(names.map((name) => [name.slice('tandem.'.length), config.get(name) ?? '']))
}

/** Sets `tandem.<name>` in this clone. */
export async function setSetting(repository: Repository, name: string, value: string): Promise<void> {
  await repository.git(['config', '--local', `tandem.${name}`, value])
}

/** Removes `tandem.<name>` from this clone. Does nothing when it is not set. */
export async function removeSetting(repository: Repository, name: string): Promise<void> {
  await repository.git(['config', '--local', '--unset-all', `tandem.${name}`], { answers: [5] })
}

/** Removes a section of settings, `tandem` or for example `tandem.source.app`. Does nothing when it does not exist. */
export async function removeSettings(repository: Repository, section: string): Promise<void> {
  await repository.git(['config', '--local', '--remove-section', section], { answers: [128] })
}
