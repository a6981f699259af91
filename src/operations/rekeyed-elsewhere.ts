/**
 * Numbers that another machine has given already to records which this one holds too: a record that was published, pulled here, and lost its number later. The merge
 * reports that came in say so; following them keeps it one record.
 */
import { readBlobs } from '../git/objects.ts'
import { filesAt } from '../git/tree.ts'
import type { ValueText } from '../model/canonical.ts'
import { DamagedError } from '../model/errors.ts'
import { parseReport } from '../report/parse.ts'
import { givenName } from '../merge/rekeying/world.ts'
import type { Source } from './source.ts'

/** `givenName` of a record → its new number, from the reports that HEAD has and the sync points have not. */
export async function rekeyedElsewhere(
  source: Source,
  at: { readonly bases: ReadonlySet<string>; readonly head: string },
): Promise<ReadonlyMap<string, ValueText>> {
  const folder = `${source.exportsFolder}/reports`
  const fresh = new Map(
    [...(await filesAt(source.repository, at.head, folder))].filter(
      ([file, { mode }]) => file.endsWith('.json') && mode === '100644',
    ),
  )
  for (const base of at.bases)
    for (const file of (await filesAt(source.repository, base, folder)).keys()) fresh.delete(file)
  const blobs = await readBlobs(
    source.repository,
    [...fresh.values()].map(({ id }) => id),
  )
  const given = new Map<string, ValueText>()
  for (const [file, { id }] of fresh) addNumbers(given, source, { file, text: blobs.get(id)?.toString() ?? '' })
  return given
}

/** A report that cannot be read says nothing; `tandem report` tells of it. */
function addNumbers(
  given: Map<string, ValueText>,
  source: Source,
  { file, text }: { readonly file: string; readonly text: string },
): void {
  try {
    const report = parseReport(text, file)
    if (report.source !== source.source) return
    for (const { kind, rule, collection, key, ours, chosen } of report.decisions)
      if (kind === 'key-collision' && rule === 'rekeyed' && ours !== undefined && chosen !== undefined)
        given.set(givenName(collection, key, ours), chosen)
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error
  }
}
