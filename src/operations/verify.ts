/** `tandem verify`: digests of what live really holds and of HEAD's exports, and every problem found on the way. Reads everything, changes nothing. */
import { type Committed, readHeadExports, readRecords } from '../exports/committed.ts'
import { recordsDigest, sourceDigest } from '../format/digest.ts'
import { uniqueViolations } from '../merge/constraints/violations.ts'
import type { KeyText } from '../model/canonical.ts'
import type { Selection } from '../model/collection.ts'
import { DamagedError } from '../model/errors.ts'
import type { Records } from '../model/records.ts'
import { type ListedRecord, quarantinedIn } from '../quarantine/list.ts'
import { counted } from '../report/counted.ts'
import { absentReason, missingReason } from '../source/holds.ts'
import { type Live, withoutDerivedFields, readLive } from '../source/live.ts'
import type { Only } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { marksIn } from '../source/marks.ts'
import { type SourceFailure, withSources } from '../source/sources.ts'
import { lackedHere } from '../source/withheld.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type Whose, type WhoseDifference, openWhose } from './whose-difference.ts'

export interface Problem {
  readonly code: string
  readonly message: string
  readonly path?: string | undefined
  readonly line?: number | undefined
  readonly key?: string | undefined
}

export interface StateDigest {
  readonly digest: string
  readonly records: number
  readonly collections: Readonly<Record<string, { readonly digest: string; readonly records: number }>>
}

export interface SourceVerdict {
  readonly name: string
  readonly ok: boolean
  readonly live: StateDigest | undefined
  readonly exports: StateDigest | undefined
  readonly problems: readonly Problem[]
  /** ISO time since which pushes read only what was written in some collection; undefined where they always read everything, as now. */
  readonly partlyReadSince?: string | undefined
}

/** Verifies every source; one that fails has the failure among its problems. */
export async function verify(
  workspace: Workspace,
  options: { readonly head: string | undefined; readonly only: Only | undefined },
): Promise<readonly SourceVerdict[]> {
  return withSources(workspace, options.only, {
    each: (source) => verifySource(source, options.head, options.only?.collection),
    after: async (verdicts, failures) => [...verdicts, ...failures.map(failed)],
  })
}

function failed({ source, error }: SourceFailure): SourceVerdict {
  const problem = { code: error.code, message: error.message, ...(error instanceof DamagedError ? error.place : {}) }
  return { name: source, ok: false, live: undefined, exports: undefined, problems: [problem] }
}

async function verifySource(
  source: Source,
  head: string | undefined,
  only: string | undefined,
): Promise<SourceVerdict> {
  const problems: Problem[] = []
  const names = [...source.selections.keys()].filter((name) => only === undefined || name === only)
  const read = await readLive(source, names)
  const exported = await readExports(source, { head, only, problems })
  // what the database holds, whatever of it is withheld
  const live = new Map([...read.actual].map(([name, records]) => [name, withoutDerivedFields(source, name, records)]))
  const damaged = problems.length
  for (const [name, reason] of read.unreadable) problems.push({ code: 'key', message: `${name}: ${reason}` })
  const whose = head === undefined ? undefined : openWhose(source, { sync: read.sync, head })
  for (const [name, records] of live)
    if (exported !== undefined && (exported.has(name) || damaged === 0))
      problems.push(...(await problemsOf(source, { name, live: records, exported: exported.get(name), read, whose })))
  for (const name of exported?.keys() ?? [])
    if (!source.selections.has(name)) problems.push({ code: 'missing', message: missingReason(source, name) })
  problems.push(...(await quarantineProblems(source, { head, only, read })))
  const exports = exported === undefined ? undefined : digestOf(source, exported)
  const full = [...marksIn(read.state)].filter(([name]) => names.includes(name)).map(([, { fullAt }]) => fullAt)
  const partlyReadSince = full.length === 0 ? undefined : new Date(Math.min(...full)).toISOString()
  const ok = problems.length === 0
  return { name: source.source, ok, live: digestOf(source, live), exports, problems, partlyReadSince }
}

/** What this database withholds, and all else that is quarantined. */
async function quarantineProblems(
  source: Source,
  at: { readonly head: string | undefined; readonly only: string | undefined; readonly read: Live },
): Promise<Problem[]> {
  try {
    const records = await quarantinedIn(source, at.head, { source: source.source, collection: at.only })
    const waiting = records.filter(({ withheld }) => !withheld)
    return [
      ...withheldProblems(source, at.read, records),
      ...waiting.map(({ id, collection, key, reason }) => ({
        code: 'quarantine',
        message: `${id} ${collection} ${key}: ${reason}; tandem quarantine`,
        key,
      })),
    ]
  } catch (error) {
    return [problemOf(error)]
  }
}

/** Every record that live lacks, or has otherwise, because its database refuses what the exports say. */
function withheldProblems(source: Source, read: Live, listed: readonly ListedRecord[]): Problem[] {
  return [...read.actual].flatMap(([collection, actual]) =>
    [...lackedHere(actual, read.withheld.get(collection), source.rules(collection))].map(
      ([key, { meant, constraint }]) => {
        const id = listed.find((each) => each.withheld && each.collection === collection && each.key === key)?.id
        const has = meant === undefined ? 'still has it' : actual.has(key) ? 'keeps its own' : 'lacks it'
        const drop =
          id === undefined ? '' : `; or, to have this database's state everywhere: tandem quarantine drop ${id}`
        return {
          code: 'withheld',
          message: `${collection} ${key}: this database refuses what the exports say (${constraint}) and ${has}; correct the record where it was written, or the constraint here, then: tandem apply${drop}`,
          key,
        }
      },
    ),
  )
}

/** Every file of the exports, each checked; damage becomes a problem and the rest is still read. */
async function readExports(
  source: Source,
  at: { readonly head: string | undefined; readonly only: string | undefined; readonly problems: Problem[] },
): Promise<ReadonlyMap<string, Records> | undefined> {
  let committed: Committed
  try {
    committed = at.head === undefined ? new Map() : await readHeadExports(source, at.head)
  } catch (error) {
    at.problems.push(problemOf(error))
    return undefined
  }
  const exported = new Map<string, Records>()
  for (const [name, collection] of committed) {
    if (at.only !== undefined && name !== at.only) continue
    try {
      const records = await readRecords(source, collection)
      if (source.selections.has(name) || absentReason(source, name) !== undefined)
        exported.set(name, withoutDerivedFields(source, name, records))
    } catch (error) {
      at.problems.push(problemOf(error))
    }
  }
  return exported
}

function problemOf(error: unknown): Problem {
  if (!(error instanceof DamagedError)) throw error
  return { code: error.code, message: error.message, ...error.place }
}

/** A collection in live and at HEAD, and what explains a difference. */
interface CollectionCheck {
  readonly name: string
  readonly live: Records
  readonly exported: Records | undefined
  readonly read: Live
  readonly whose: WhoseDifference | undefined
}

async function problemsOf(source: Source, at: CollectionCheck): Promise<Problem[]> {
  const { name, live, exported } = at
  if (exported === undefined) return [{ code: 'different', message: `${name} is not exported yet` }]
  const { schema } = source.selections.get(name) as Selection
  const shared = uniqueViolations(exported, schema.uniques).map(({ unique, keys }) => ({
    code: 'unique',
    message: `${name}: ${keys.join(', ')} share ${unique.join(', ')}`,
    key: keys[0],
  }))
  if (recordsDigest(live, schema.order) === recordsDigest(exported, schema.order)) return shared
  return [...shared, ...(await differenceOf(source, at, exported))]
}

/** Whose the difference is, a problem for each side; records that are withheld are named one by one elsewhere. */
async function differenceOf(source: Source, at: CollectionCheck, exported: Records): Promise<Problem[]> {
  const { name, live, read, whose } = at
  const withheld = lackedHere(live, read.withheld.get(name), source.rules(name))
  const { ours, theirs, both } = (await whose?.({ name, live, exported })) ?? NOBODY
  const count = (keys: readonly KeyText[]): number => keys.filter((key) => !withheld.has(key)).length
  const [mine, incoming, clashing] = [count(ours), count(theirs), count(both)]
  const is = (records: number): string => `${counted(records, 'record')} ${records === 1 ? 'is' : 'are'}`
  return [
    ...(mine > 0 ? [{ code: 'unpushed', message: `${name}: ${is(mine)} yours, not yet pushed` }] : []),
    ...(incoming > 0
      ? [{ code: 'unapplied', message: `${name}: ${is(incoming)} HEAD's, not yet applied here; tandem apply` }]
      : []),
    ...(clashing > 0
      ? [{ code: 'different', message: `${name} differs from the exports at HEAD in ${counted(clashing, 'record')}` }]
      : []),
  ]
}

const NOBODY: Whose = { ours: [], theirs: [], both: [] }

function orderOf(source: Source, name: string): 'sorted' | 'kept' {
  return source.selections.get(name)?.schema.order ?? 'sorted'
}

function digestOf(source: Source, collections: ReadonlyMap<string, Records>): StateDigest {
  const each = [...collections].map(([name, records]) => {
    return [name, { digest: recordsDigest(records, orderOf(source, name)), records: records.size }] as const
  })
  return {
    digest: sourceDigest(new Map(each.map(([name, { digest }]) => [name, digest]))),
    records: each.reduce((sum, [, { records }]) => sum + records, 0),
    collections: Object.fromEntries(each),
  }
}
