/** Trust: `tandem init` approves in each clone where a source's records go. A pulled configuration that changes this is refused until `init` approves it again. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { SourceConfig } from '../config/config.ts'
import { sourceUrl } from '../config/source-url.ts'
import { approvalDifference, approvalHash, approvalText, kindOfDifference, effectiveTarget } from '../config/trust.ts'
import { setSetting } from '../git/settings.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import { GuardError } from '../model/errors.ts'
import type { Workspace } from './workspace.ts'

function approvalFile(workspace: Workspace, source: string): string {
  return path.join(workspace.dataDir, 'approved', `${source}.json`)
}

/**
 * Refuses a source whose target is not the approved one.
 * @throws GuardError when the source was never approved here, or its target differs (the message names the differences)
 */
export async function checkApproval(workspace: Workspace, config: SourceConfig): Promise<void> {
  const approved = workspace.settings.get(`source.${config.name}.approved`)
  if (approved === undefined)
    throw new GuardError(`source ${config.name} is not set up in this clone`, { hint: 'Run: tandem init' })
  const text = approvalText(effectiveTarget(workspace.config, config, sourceUrl(config, workspace.lookups)))
  if (approvalHash(text) === approved) return
  const before = await readFile(approvalFile(workspace, config.name), 'utf8').catch(() => '')
  throw new GuardError(
    [`${whatDiffers(config.name, before, text)}:`, ...approvalDifference(before, text)].join(' · '),
    {
      hint: 'Look at what has changed in tandem.config.json; if it is meant, run: tandem init',
    },
  )
}

function whatDiffers(source: string, before: string, text: string): string {
  const kind = kindOfDifference(before, text)
  if (kind === 'fields') return `source ${source} carries other fields than approved in this clone`
  if (kind === 'collections') return `source ${source} carries other collections than approved in this clone`
  return `source ${source} goes elsewhere than approved in this clone`
}

/** Approves a source's target as the configuration names it now. Only `init` calls this. */
export async function approve(workspace: Workspace, config: SourceConfig): Promise<void> {
  const { approvedNames: _any, ...lookups } = workspace.lookups
  const text = approvalText(effectiveTarget(workspace.config, config, sourceUrl(config, lookups)))
  await writeAtomically(approvalFile(workspace, config.name), text)
  await setSetting(workspace.repository, `source.${config.name}.approved`, approvalHash(text))
}
