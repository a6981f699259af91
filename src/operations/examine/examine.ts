/** Looks at a database as it is before its first push, and at any time by `tandem doctor --schema`: what would be published, lost or merged otherwise than one would think. */
import { readLive } from '../../source/live.ts'
import type { Source } from '../../source/source.ts'
import { examineStructure } from './declared.ts'
import type { Finding } from './finding.ts'
import { examineRecords } from './records.ts'
import { triggerFindings } from './triggers.ts'
export type { Finding } from './finding.ts'

/** All findings, the worst first. Reads every record. @throws UnreachableError */
export async function examine(source: Source): Promise<readonly Finding[]> {
  const { actual } = await readLive(source, source.selections.keys())
  const triggers = (await triggerFindings(source)).filter(({ paste }) => paste !== undefined)
  const found = [...examineStructure(source), ...triggers, ...examineRecords(source, actual)]
  return found.sort((a, b) => a.rank - b.rank)
}
