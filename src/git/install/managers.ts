/** Hook managers that the tool does not write for: whether a person has put the line that starts tandem into what their hooks run. */
import path from 'node:path'
import { startsHook, textOf } from './hook-text.ts'
import { LEFTHOOK_FORMATS } from './hooks-home.ts'

const CONFIGURATIONS = [
  'package.json',
  '.pre-commit-config.yaml',
  '.overcommit.yml',
  'captainhook.json',
  'grumphp.yml',
] as const

const LEFTHOOK = ['', '.', '.config/'].flatMap((dot) =>
  ['lefthook-local', 'lefthook'].flatMap((name) => LEFTHOOK_FORMATS.map((format) => `${dot}${name}.${format}`)),
)

/** True when the manager that wrote this hook file starts tandem in the hook. `root`: top of the work tree; `text`: what the hook file holds. */
export async function managerStarts(root: string, text: string, hook: string): Promise<boolean> {
  for (const name of text.includes('lefthook') ? LEFTHOOK : CONFIGURATIONS)
    if (startsHook((await textOf(path.join(root, name))) ?? '', hook)) return true
  return false
}

/** True when lefthook's configuration has tandem in a hook, so that lefthook has only to be started. */
export function lefthookHas(root: string, hook: string): Promise<boolean> {
  return managerStarts(root, 'lefthook', hook)
}
