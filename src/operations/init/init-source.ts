/** One database's part of `init`: looked at, bound, joined with what HEAD holds, and brought in step. */
import { readHead } from '../../git/head.ts'
import type { LeftOut } from '../../adapters/adapter.ts'
import type { SourceConfig } from '../../config/config.ts'
import type { LiveRecord } from '../../model/change.ts'
import { GuardError, UsageError } from '../../model/errors.ts'
import { readCommitted } from '../committed.ts'
import { lockDatabase } from '../database-lock.ts'
import { keylessReason } from '../moved.ts'
import { preventionFor, type Prevention } from '../prevention.ts'
import { openSource, type Source } from '../source.ts'
import { heldLines, settle, type Settled } from '../settle.ts'
import { readSyncState } from '../sync-state.ts'
import { undoneOf } from '../safety/marks.ts'
import { rememberSeen } from '../restored.ts'
import { heldByUndo } from '../safety/undone.ts'
import type { Workspace } from '../workspace.ts'
import { bind, bindingOf, type Binding } from './bind.ts'
import { join, previewJoin, type JoinMode, type JoinPreview } from './join.ts'

/** Asked when live and HEAD both hold records; undefined: nobody is there to ask. */
export type JoinChoice = (source: string, preview: JoinPreview) => Promise<JoinMode | undefined>

export interface CollectionSize {
  readonly name: string
  readonly records: number
  /** As exports; an estimate. */
  readonly sizeBytes: number
}

export interface SourceSetup {
  readonly source: string
  readonly database: string
  readonly server: string
  readonly binding: Binding
  readonly collections: readonly CollectionSize[]
  readonly leftOut: readonly LeftOut[]
  /** Fields that are left out as credentials or by `omit`: collection → names. */
  readonly omitted: ReadonlyMap<string, readonly string[]>
  readonly preview: JoinPreview | undefined
  readonly settled: Settled | undefined
  readonly held: readonly string[]
  /** For a machine that joins others: how equal numbers are avoided. */
  readonly prevention: Prevention | undefined
}

/** @throws UnreachableError, UsageError, DamagedError, GuardError */
export async function initSource(workspace: Workspace, config: SourceConfig, choose: JoinChoice): Promise<SourceSetup> {
  const source = await openSource(workspace, config)
  try {
    checkStructure(source)
    const collections = await measureAll(source)
    const { commit: head } = await readHead(workspace.repository)
    const binding = await bindingOf(workspace, source)
    const { preview, settled, held } = await meetHead(workspace, source, { head, binding, choose })
    return {
      source: config.name,
      database: source.description.database,
      server: source.description.server,
      binding,
      collections,
      leftOut: source.leftOut,
      omitted: new Map([...source.selections].flatMap(([name, { omit }]) => (omit.length > 0 ? [[name, omit]] : []))),
      preview,
      settled,
      held,
      prevention: binding === 'new' && settled !== undefined ? preventionFor(source, workspace.asset) : undefined,
    }
  } finally {
    await source.adapter.close()
  }
}

/** What would fail later is said now. @throws UsageError for a table without a key, or a parent that is left out */
function checkStructure(source: Source): void {
  const problems: string[] = []
  for (const [name, { schema }] of source.selections) {
    if (schema.key.length === 0) problems.push(`${name} ${keylessReason(source, name)}`)
    for (const { to, fields } of schema.references)
      if (!source.selections.has(to))
        problems.push(
          `${name} refers to ${to} (${fields.join(', ')}), which is left out; include ${to} or exclude ${name}`,
        )
  }
  if (problems.length > 0) throw new UsageError(problems.map((line) => `source ${source.source}: ${line}`).join('\n'))
}

/** Records of each collection and, from its first batch, about how large they are as exports. */
async function measureAll(source: Source): Promise<CollectionSize[]> {
  return source.adapter.snapshot(async (snapshot) => {
    const sizes: CollectionSize[] = []
    for (const [name, selection] of source.selections) {
      const records = await snapshot.count(selection.schema)
      const mean = records === 0 ? 0 : await meanLength(snapshot.records(selection))
      sizes.push({ name, records, sizeBytes: Math.round(records * (mean + LINE_BYTES)) })
    }
    return sizes
  })
}

/** What a line has besides its record: hash and brackets. */
const LINE_BYTES = 30

async function meanLength(batches: AsyncIterable<readonly LiveRecord[]>): Promise<number> {
  for await (const batch of batches)
    return batch.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) / Math.max(1, batch.length)
  return 0
}

async function meetHead(
  workspace: Workspace,
  source: Source,
  at: { readonly head: string | undefined; readonly binding: Binding; readonly choose: JoinChoice },
): Promise<Pick<SourceSetup, 'preview' | 'settled' | 'held'>> {
  const { head, binding } = at
  const met = head !== undefined && (await readCommitted(source, head)).size > 0
  const { points } = readSyncState(await source.adapter.readState())
  const joining = met && (binding === 'new' || points.size === 0)
  const preview = joining ? await previewJoin(source, head) : undefined
  const mode = preview === undefined ? undefined : await chooseMode(source, preview, at.choose)
  await bind(workspace, source)
  const unlock = await lockDatabase(workspace, source)
  try {
    return await meetLocked(workspace, source, { head, met, preview, mode })
  } finally {
    await rememberSeen(workspace, source).catch(() => undefined) // the database is gone, and init says so
    await unlock()
  }
}

async function meetLocked(
  workspace: Workspace,
  source: Source,
  at: {
    readonly head: string | undefined
    readonly met: boolean
    readonly preview: JoinPreview | undefined
    readonly mode: JoinMode | undefined
  },
): Promise<Pick<SourceSetup, 'preview' | 'settled' | 'held'>> {
  const { head, met, preview, mode } = at
  if (mode !== undefined && head !== undefined) await join(workspace, source, { head, mode })
  if (!met || head === undefined) return { preview, settled: undefined, held: [] }
  const undone = undoneOf(await source.adapter.readState(), source.source)
  if (undone !== undefined)
    return { preview, settled: undefined, held: [heldByUndo(workspace, source.source, undone).message] }
  const settled = await settle(workspace, source, {
    head,
    allowed: new Map(),
    join: mode?.kind === 'unite',
    mayGoBack: true,
  })
  return { preview, settled, held: await heldLines(workspace, source.source, settled.plan) }
}

async function chooseMode(source: Source, preview: JoinPreview, choose: JoinChoice): Promise<JoinMode> {
  if (!preview.overlaps) return { kind: 'unite' }
  const mode = await choose(source.source, preview)
  if (mode !== undefined) return mode
  throw new GuardError(`source ${source.source}: both this database and HEAD's exports hold records of their own`, {
    hint: 'Say how they join: --join unite (or theirs, ours, COMMIT); --yes unites.',
  })
}
