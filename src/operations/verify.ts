/** `tandem verify`: digests of live and of HEAD's exports, and every problem found on the way. Reads everything, changes nothing. */
import { recordsDigest, sourceDigest } from '../export/digest.ts'
import { uniqueViolations } from '../merge/constraints/violations.ts'
import { DamagedError } from '../model/errors.ts'
import { readHeadExports, readRecords, type Committed } from './committed.ts'
import { countedRecords } from './counted.ts'
import { readLive, type Records } from './live.ts'
import { quarantinedIn } from './quarantine/list.ts'
import type { Source } from './source.ts'
import type { Only, SourceFailure } from './sources.ts'
import { withSources } from './sources.ts'
import type { Workspace } from './workspace.ts'

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
  const read = await readLive(
    source,
    names.filter((name) => source.selections.get(name)?.schema.key.length !== 0),
  )
  const exported = await readExports(source, { head, only, problems })
  const live = new Map([...read.collections].map(([name, records]) => [name, countedRecords(source, name, records)]))
  const damaged = problems.length
  for (const [name, reason] of read.unreadable) problems.push({ code: 'key', message: `${name}: ${reason}` })
  for (const [name, records] of live)
    if (exported !== undefined && (exported.has(name) || damaged === 0))
      compare(name, records, { exported: exported.get(name), problems, source })
  problems.push(...(await quarantineProblems(source, head, only)))
  const exports = exported === undefined ? undefined : digestOf(source, exported)
  return { name: source.source, ok: problems.length === 0, live: digestOf(source, live), exports, problems }
}

async function quarantineProblems(
  source: Source,
  head: string | undefined,
  only: string | undefined,
): Promise<Problem[]> {
  try {
    const records = await quarantinedIn(source, head, { source: source.source, collection: only })
    return records.map(({ id, collection, key, reason }) => ({
      code: 'quarantine',
      message: `${id} ${collection} ${key}: ${reason}; tandem quarantine`,
      key,
    }))
  } catch (error) {
    return [problemOf(error)]
  }
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
      exported.set(name, countedRecords(source, name, await readRecords(source, collection)))
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

function compare(
  name: string,
  live: Records,
  at: { readonly exported: Records | undefined; readonly problems: Problem[]; readonly source: Source },
): void {
  const { schema } = at.source.selections.get(name) as {
    schema: { uniques: readonly (readonly string[])[]; order: 'sorted' | 'kept' }
  }
  for (const { unique, keys } of at.exported === undefined ? [] : uniqueViolations(at.exported, schema.uniques))
    at.problems.push({
      code: 'unique',
      message: `${name}: ${keys.join(', ')} share ${unique.join(', ')}`,
      key: keys[0],
    })
  if (at.exported !== undefined && recordsDigest(live, schema.order) === recordsDigest(at.exported, schema.order))
    return
  const message = at.exported === undefined ? `${name} is not exported yet` : `${name} differs from the exports at HEAD`
  at.problems.push({ code: 'different', message })
}

function digestOf(source: Source, collections: ReadonlyMap<string, Records>): StateDigest {
  const each = [...collections].map(([name, records]) => {
    const order = source.selections.get(name)?.schema.order ?? 'sorted'
    return [name, { digest: recordsDigest(records, order), records: records.size }] as const
  })
  return {
    digest: sourceDigest(new Map(each.map(([name, { digest }]) => [name, digest]))),
    records: each.reduce((sum, [, { records }]) => sum + records, 0),
    collections: Object.fromEntries(each),
  }
}
