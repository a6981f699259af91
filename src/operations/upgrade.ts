/**
 * `tandem upgrade`: which format the exports at HEAD have, and whether this program writes a newer one. Format 1 is the first and newest, so that there is nothing to rewrite
 * yet; the place where the number may be raised is this command and no other, since older programs on other machines refuse what they do not know.
 */
import { readCommitted, readRecords } from '../exports/committed.ts'
import { FORMAT } from '../format/header.ts'
import { readHead } from '../git/head.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface UpgradeResult {
  /** The format that every export has after this. */
  readonly format: number
  /** Source → its collections that were, or would be, rewritten. */
  readonly raised: Readonly<Record<string, readonly string[]>>
}

/** Reads every export at HEAD. @throws DamagedError for a newer format, with the hint to upgrade the program */
export async function upgrade(workspace: Workspace): Promise<UpgradeResult> {
  const { repository, config } = workspace
  const { commit } = await readHead(repository)
  const raised: Record<string, string[]> = {}
  for (const { name: source } of config.sources) {
    const place = { repository, exportsFolder: config.exports, source }
    // whatever can be read has the newest format already
    for (const collection of (await readCommitted(place, commit)).values()) await readRecords(place, collection)
    raised[source] = []
  }
  return { format: FORMAT, raised }
}
