/**
 * Hooks in a folder that git tracks (core.hooksPath) are checked out by others too. With the line ends of Windows (`core.autocrlf=true`, `eol=crlf`) the first line of a script
 * names a program that does not exist, and git would refuse the push. A `.gitattributes` beside the hooks keeps their line ends.
 */
import path from 'node:path'
import { planBlock, planBlockRemoval } from './block-file.ts'
import type { FileEdit } from './edits.ts'
import type { HookName } from './hook-file.ts'

const FILE = '.gitattributes'

/** The plan by which git checks these hooks of the folder out as they were written. */
export function planLineEnds(folder: string, hooks: readonly HookName[]): Promise<readonly FileEdit[]> {
  return planBlock(path.join(folder, FILE), hooks.map((hook) => `/${hook} eol=lf\n`).join(''))
}

/** The edits by which the folder's `.gitattributes` becomes what it was before; none when it has no block. */
export function planLineEndsRemoval(folder: string): Promise<readonly FileEdit[]> {
  return planBlockRemoval(path.join(folder, FILE))
}
