/** `tandem quarantine list`: the records that could not be placed, each with a short name to speak of it by. */
import { arrayText, recordHash, stringText } from '../../model/canonical.ts'
import { UsageError } from '../../model/errors.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import type { Source } from '../source.ts'
import { withSources, type Only, type SourceFailure } from '../sources.ts'
import type { Workspace } from '../workspace.ts'
import { quarantineOf } from './files.ts'

export interface ListedRecord extends Quarantined {
  /** Eight hex digits made of what it is, the same on every machine. */
  readonly id: string
  readonly source: string
}

export interface QuarantineList {
  readonly records: readonly ListedRecord[]
  readonly failures: readonly SourceFailure[]
}

/** Every quarantined record of the sources; `head` undefined: nothing is committed yet. */
export async function listQuarantine(
  workspace: Workspace,
  options: { readonly head: string | undefined; readonly only: Only | undefined },
): Promise<QuarantineList> {
  return withSources(workspace, options.only, {
    each: (source) => quarantinedIn(source, options.head, options.only),
    after: async (lists, failures) => ({ records: lists.flat(), failures }),
  })
}

/** Those of one source, by collection and key. */
export async function quarantinedIn(
  source: Source,
  head: string | undefined,
  only: Only | undefined,
): Promise<readonly ListedRecord[]> {
  const all = await quarantineOf(source, head, await source.adapter.readState())
  return all
    .filter(({ collection }) => only?.collection === undefined || collection === only.collection)
    .map((each) => ({ ...each, source: source.source, id: idOf(source.source, each) }))
}

function idOf(source: string, { collection, key, record }: Quarantined): string {
  return recordHash(arrayText([stringText(source), stringText(collection), key, record]), 'sorted').slice(0, 8)
}

/**
 * The records with these names, or their beginnings.
 * @throws UsageError when one names none, or several
 */
export function chosenRecords(records: readonly ListedRecord[], names: readonly string[]): readonly ListedRecord[] {
  return names.map((name) => {
    const [found, another] = records.filter(({ id }) => id.startsWith(name))
    if (found !== undefined && another === undefined) return found
    throw new UsageError(
      found === undefined
        ? `no quarantined record is called ${name}`
        : `several quarantined records begin with ${name}`,
      { hint: 'tandem quarantine list names them all.' },
    )
  })
}
