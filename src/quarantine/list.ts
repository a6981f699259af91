/** `tandem quarantine list`: the quarantined records, each with a short id by which a person can name it. */
import { arrayText, recordHash, stringText } from '../model/canonical.ts'
import { UsageError } from '../model/errors.ts'
import type { Quarantined } from '../model/quarantine.ts'
import type { Only } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { type SourceFailure, withSources } from '../source/sources.ts'
import { readWithheld, refusedReason } from '../source/withheld.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { quarantineOf } from './files.ts'
import { sameAs } from './pending.ts'

export interface ListedRecord extends Quarantined {
  /** Eight hex digits of a hash of source, collection, key and record, the same on every machine. */
  readonly id: string
  readonly source: string
  /** True when this database is the one that refuses the record; it is in the exports, and in the databases that take it. */
  readonly withheld: boolean
}

export interface QuarantineList {
  readonly records: readonly ListedRecord[]
  readonly failures: readonly SourceFailure[]
}

/** The quarantined records of the sources that `only` chooses. @param options `head`: undefined when there is no commit yet @throws UsageError when `--only` names no configured source */
export async function listQuarantine(
  workspace: Workspace,
  options: { readonly head: string | undefined; readonly only: Only | undefined },
): Promise<QuarantineList> {
  return withSources(workspace, options.only, {
    each: (source) => quarantinedIn(source, options.head, options.only),
    after: async (lists, failures) => ({ records: lists.flat(), failures }),
  })
}

/**
 * The quarantined records of one source, or of the one collection that `only` names. What this database withholds is always among them, also where somebody took it off the list elsewhere.
 * @throws DamagedError
 */
export async function quarantinedIn(
  source: Source,
  head: string | undefined,
  only: Only | undefined,
): Promise<readonly ListedRecord[]> {
  const state = await source.adapter.readState()
  const withheld = withheldIn(state)
  const listed = await quarantineOf(source, head, state)
  const isHere = (each: Quarantined): boolean => withheld.some(sameAs(each))
  const unlisted = withheld.filter((each) => !listed.some(sameAs(each)))
  return [...listed, ...unlisted]
    .filter(({ collection }) => only?.collection === undefined || collection === only.collection)
    .map((each) => ({ ...each, source: source.source, id: idOf(source.source, each), withheld: isHere(each) }))
}

/** What this database refuses, as it stands in the quarantine; a deletion that it refuses is no record. */
function withheldIn(state: ReadonlyMap<string, string>): Quarantined[] {
  return [...readWithheld(state)].flatMap(([collection, records]) =>
    [...records].flatMap(([key, { meant: record, constraint }]) =>
      record === undefined ? [] : [{ collection, key, record, reason: refusedReason(constraint) }],
    ),
  )
}

function idOf(source: string, { collection, key, record }: Quarantined): string {
  return recordHash(arrayText([stringText(source), stringText(collection), key, record]), 'sorted').slice(0, 8)
}

/**
 * The records whose ids begin with these names, in the order of the names.
 * @throws UsageError when a name fits no record, or several
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
