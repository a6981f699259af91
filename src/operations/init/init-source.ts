/** One database's part of `init`: looked at, bound, joined with what HEAD holds, and brought in step. */
import type { LeftOut } from '../../adapters/adapter.ts'
import type { SourceConfig } from '../../config/config.ts'
import { pastedJson } from '../../config/pasted-json.ts'
import { readCommitted } from '../../exports/committed.ts'
import { readHead } from '../../git/head.ts'
import { splitObject } from '../../model/canonical.ts'
import type { LiveRecord } from '../../model/change.ts'
import { GuardError, UsageError } from '../../model/errors.ts'
import { type InStep, bringInStep } from '../../pull/bring-in-step.ts'
import { type Proposed, proposedFor } from '../../pull/keys/proposed.ts'
import { heldLines } from '../../pull/lines.ts'
import { quarantinedIn } from '../../quarantine/list.ts'
import { undoneOf } from '../../safety/marks.ts'
import { heldByUndo } from '../../safety/undone.ts'
import { type Prevention, preventionFor } from '../../schema/key-steps.ts'
import { withUndeclared } from '../../schema/undeclared.ts'
import { type Binding, bind, bindingOf } from '../../source/binding.ts'
import { lockDatabase } from '../../source/database-lock.ts'
import { type HomeFields, homeFields, withReferring } from '../../source/home-fields.ts'
import { rememberSeen } from '../../source/seen.ts'
import { type Source, openSource } from '../../source/source.ts'
import { readSyncState } from '../../source/sync-state.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type Finding, examine } from '../examine/examine.ts'
import { triggerFindings } from '../examine/triggers.ts'
import { type JoinMode, type JoinPreview, join, pointOf, previewJoin } from './join.ts'

/** How live joins records of HEAD. undefined when nobody said so: then the records are united where live has none of its own, and otherwise init stops. */
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
  /** Fields that are left out as credentials or by `omit`: collection → names. For documents: whatever is called so. */
  readonly omitted: ReadonlyMap<string, readonly string[]>
  /** Those of them that are there: of documents, in the first that were read. */
  readonly omittedHere: ReadonlyMap<string, readonly string[]>
  /** What becomes of triggers that write elsewhere. */
  readonly triggers: readonly Finding[]
  /** What should be known before the first push; empty on a machine that joins others. */
  readonly findings: readonly Finding[]
  readonly preview: JoinPreview | undefined
  readonly inStep: InStep | undefined
  readonly held: readonly string[]
  /** Fields that seem to be references although no foreign key says so, as entries for the configuration. */
  readonly proposed: Proposed | undefined
  /** Fields that stay at home although every record needs them. */
  readonly home: readonly (HomeFields & { readonly exported: boolean })[]
  /** Records in quarantine. */
  readonly quarantined: number
  /** For a machine that joins others: how equal numbers are avoided. */
  readonly prevention: Prevention | undefined
}

/** @throws UnreachableError, UsageError, DamagedError, GuardError */
export async function initSource(workspace: Workspace, config: SourceConfig, choose: JoinChoice): Promise<SourceSetup> {
  const { commit: head } = await readHead(workspace.repository)
  const opened = await openSource(workspace, config)
  try {
    const source = await withUndeclared(opened, head)
    checkStructure(source)
    const { collections, omittedHere } = await measureAll(source)
    const committed = await readCommitted(source, head)
    const binding = await bindingOf(workspace, source)
    const { preview, inStep, held } = await meetHead(workspace, source, { head, binding, choose })
    return {
      source: config.name,
      database: source.description.database,
      server: source.description.server,
      binding,
      collections,
      leftOut: source.leftOut,
      omitted: new Map([...source.selections].flatMap(([name, { omit }]) => (omit.length > 0 ? [[name, omit]] : []))),
      omittedHere,
      triggers: await triggerFindings(source),
      findings: inStep === undefined && held.length === 0 ? await examine(source) : [],
      preview,
      inStep,
      held,
      proposed: await proposedFor(source),
      home: homeFields(source).map((each) => ({ ...each, exported: committed.has(each.collection) })),
      quarantined: head === undefined ? 0 : (await quarantinedIn(source, head, undefined)).length,
      prevention: binding === 'new' && inStep !== undefined ? preventionFor(source, workspace.asset) : undefined,
    }
  } finally {
    await opened.adapter.close()
  }
}

/** What would fail later is said now. @throws UsageError for a parent that is left out */
function checkStructure(source: Source): void {
  const problems: string[] = []
  const orphaned = new Set<string>()
  for (const [name, { schema }] of source.selections)
    for (const { to, fields } of schema.references)
      if (!source.selections.has(to)) {
        orphaned.add(name)
        problems.push(
          `${name} refers to ${to} (${fields.join(', ')}), which is left out; include ${to} or exclude ${name}`,
        )
      }
  if (problems.length === 0) return
  const exclude = pastedJson([...source.config.exclude, ...withReferring(source, orphaned)])
  throw new UsageError(
    problems.map((line) => `source ${source.source}: ${line}`).join('\n'),
    orphaned.size > 0 ? { hint: `To leave them out with all that refers to them: "exclude": ${exclude}` } : {},
  )
}

/** Records of each collection and, from its first batch, about how large they are as exports, and which of the omitted fields they have. */
async function measureAll(source: Source): Promise<Pick<SourceSetup, 'collections' | 'omittedHere'>> {
  return source.adapter.snapshot(async (snapshot) => {
    const collections: CollectionSize[] = []
    const omittedHere = new Map<string, readonly string[]>()
    for (const [name, selection] of source.selections) {
      const records = await snapshot.count(selection.schema)
      const isDeclared = selection.schema.fields.length > 0
      const read = isDeclared ? selection : { ...selection, omit: [] }
      const sample = records === 0 ? [] : await firstBatch(snapshot.records(read))
      const mean = sample.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) / Math.max(1, sample.length)
      const omitted = isDeclared ? selection.omit : omittedIn(sample, selection.omit)
      if (omitted.length > 0) omittedHere.set(name, omitted)
      collections.push({ name, records, sizeBytes: Math.round(records * (mean + LINE_BYTES)) })
    }
    return { collections, omittedHere }
  })
}

/** What a line has besides its record: hash and brackets. */
const LINE_BYTES = 30

async function firstBatch(batches: AsyncIterable<readonly LiveRecord[]>): Promise<readonly LiveRecord[]> {
  for await (const batch of batches) return batch
  return []
}

/** Those of the names that a document has at its top. */
function omittedIn(documents: readonly LiveRecord[], names: readonly string[]): string[] {
  const there = new Set(documents.flatMap(({ text }) => [...splitObject(text).keys()]))
  return names.filter((name) => there.has(name))
}

async function meetHead(
  workspace: Workspace,
  source: Source,
  at: { readonly head: string | undefined; readonly binding: Binding; readonly choose: JoinChoice },
): Promise<Pick<SourceSetup, 'preview' | 'inStep' | 'held'>> {
  const { head, binding } = at
  const met = head !== undefined && (await readCommitted(source, head)).size > 0
  const { points } = readSyncState(await source.adapter.readState())
  const joining = met && (binding === 'new' || points.size === 0)
  const preview = joining ? await previewJoin(source, head) : undefined
  const mode = preview === undefined ? undefined : await chooseMode(source, preview, at.choose)
  if (mode !== undefined && head !== undefined) await pointOf(workspace, mode, head)
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
): Promise<Pick<SourceSetup, 'preview' | 'inStep' | 'held'>> {
  const { head, met, preview, mode } = at
  if (mode !== undefined && head !== undefined) await join(workspace, source, { head, mode })
  if (!met || head === undefined) return { preview, inStep: undefined, held: [] }
  const undone = undoneOf(await source.adapter.readState(), source.source)
  if (undone !== undefined)
    return { preview, inStep: undefined, held: [heldByUndo(workspace, source.source, undone).message] }
  const inStep = await bringInStep(workspace, source, {
    head,
    consent: { init: mode?.kind === 'unite' ? 'join' : 'bind' },
  })
  return { preview, inStep, held: await heldLines(workspace, source.source, inStep.plan) }
}

async function chooseMode(source: Source, preview: JoinPreview, choose: JoinChoice): Promise<JoinMode> {
  const mode = await choose(source.source, preview)
  if (mode !== undefined) return mode
  if (!preview.overlaps) return { kind: 'unite' }
  throw new GuardError(`source ${source.source}: both this database and HEAD's exports hold records of their own`, {
    hint: `Say how they join: --join unite (or theirs, ours, COMMIT); --yes unites.${preview.isFresh ? ' On a fresh machine: --join theirs.' : ''}`,
  })
}
