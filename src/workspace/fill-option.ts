/** An option of the configuration with its variables filled in, from the environment, then from `.env`. URLs of sources are read elsewhere (config/source-url.ts). */
import { fillTemplate, parseTemplate } from '../config/template.ts'
import { UsageError } from '../model/errors.ts'
import type { Workspace } from './workspace.ts'

/** @param where names the option, for messages: `mirror.to` @throws UsageError when a variable is not set */
export function fillOption(workspace: Workspace, text: string, where: string): string {
  return fillTemplate(parseTemplate(text, where), ({ name, fallback }) => {
    const value = optionVariable(workspace, name) ?? fallback
    if (value !== undefined) return value
    throw new UsageError(`${where}: the variable ${name} is not set`, {
      hint: `Put ${name}=… into .env at the repository root (git-ignored) or into the environment.`,
    })
  })
}

/** A variable's value; undefined when it is not set, or empty. */
export function optionVariable({ lookups }: Workspace, name: string): string | undefined {
  const own = Object.hasOwn(lookups.environment, name) ? lookups.environment[name] : undefined
  return [own, lookups.dotenv.get(name)].find((value) => value !== undefined && value !== '')
}
