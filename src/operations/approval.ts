/** Trust: where records go is approved once in each clone, by `init`; a pulled configuration that changes it is held until it is approved again. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { SourceConfig } from '../config/config.ts'
import { sourceUrl } from '../config/source-url.ts'
import { approvalDifference, approvalHash, approvalText, approvedNames, effectiveTarget } from '../config/trust.ts'
import { setSetting } from '../git/settings.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import { GuardError } from '../model/errors.ts'
import type { Workspace } from './workspace.ts'

function approvalFile(workspace: Workspace, source: string): string {
  return path.join(workspace.dataDir, 'approved', `${source}.json`)
}

/**
 * Refuses a source whose target is not the approved one.
 * @throws GuardError with the difference in words
 */
export async function checkApproval(workspace: Workspace, config: SourceConfig): Promise<void> {
  const approved = workspace.settings.get(`source.${config.name}.approved`)
  if (approved === undefined)
    throw new GuardError(`source ${config.name} is not set up in this clone`, { hint: 'Run: tandem init' })
  const text = approvalText(effectiveTarget(workspace.config, config, sourceUrl(config, workspace.lookups)))
  if (approvalHash(text) === approved) return
  const before = await readFile(approvalFile(workspace, config.name), 'utf8').catch(() => '')
  throw new GuardError(
    [`source ${config.name} goes elsewhere than approved in this clone:`, ...approvalDifference(before, text)].join(
      ' · ',
    ),
    { hint: 'Look at the configuration that came in; if it is meant, run: tandem init' },
  )
}

/** Approves a source's target as it is now; `init` only. */
export async function approve(workspace: Workspace, config: SourceConfig): Promise<void> {
  const { approvedNames: _any, ...lookups } = workspace.lookups
  const text = approvalText(effectiveTarget(workspace.config, config, sourceUrl(config, lookups)))
  await writeAtomically(approvalFile(workspace, config.name), text)
  await setSetting(workspace.repository, `source.${config.name}.approved`, approvalHash(text))
}

/** The variables that the sources approved in this clone may read; undefined before the first `init`. */
export async function namesApproved(dataDir: string, sources: readonly SourceConfig[]): Promise<string[]> {
  const names = new Set<string>()
  for (const { name } of sources) {
    const text = await readFile(path.join(dataDir, 'approved', `${name}.json`), 'utf8').catch(() => '')
    for (const each of approvedNames(text)) names.add(each)
  }
  return [...names]
}
