/** What live means for the exports at HEAD: which files get which bytes, what changed, what is held. Reads git and a snapshot already taken; writes nothing. */
import type { Consent } from '../model/consent.ts'
import { changedFiles } from '../exports/changed-files.ts'
import type { Committed, CommittedCollection } from '../exports/committed.ts'
import type { IndexedKeys } from '../exports/key-index.ts'
import { wholeRecords } from '../exports/part-records.ts'
import { chooseLayout, needsRelayout } from '../format/layout.ts'
import type { RecordsByFile } from '../format/records-by-file.ts'
import type { ChangeCount } from '../model/change.ts'
import type { Layout, Selection } from '../model/collection.ts'
import type { Records } from '../model/records.ts'
import { driftReason, droppedFields, isRemodelled } from '../schema/drift.ts'
import { guardReason } from '../source/guard.ts'
import { type Holds, type Movement, absentReason, configuredTies, holdPartners } from '../source/holds.ts'
import { homeFieldsOf, homeReason } from '../source/home-fields.ts'
import type { Live } from '../source/live.ts'
import type { NewMark } from '../source/marks.ts'
import type { Source } from '../source/source.ts'
import type { LivePart } from '../sync-point/live-parts.ts'
import type { LiveChanges } from './live-changes.ts'

export interface CollectionExport {
  readonly name: string
  readonly count: ChangeCount
  /** What live holds. */
  readonly records: () => Promise<Records>
  /** Path from the root → bytes, only files that differ from HEAD's. */
  readonly writes: ReadonlyMap<string, Buffer>
  /** The keys of what live holds, for their index; undefined where that stays as it is, and where those of files that were not read are unknown. */
  readonly indexed: () => Promise<IndexedKeys | undefined>
  /** The layout no longer fits the number of records. */
  readonly outgrown: boolean
}

export interface ExportPlan {
  readonly source: string
  /** Every exported collection, also where nothing changed. */
  readonly collections: readonly CollectionExport[]
  readonly holds: Holds
  /** Marks of the moment at which live was read. */
  readonly marks: ReadonlyMap<string, NewMark>
}

/** The exports that live is compared with: those at HEAD, and those at each collection's sync point. */
export interface ExportsCompared {
  readonly head: Committed
  readonly base: (collection: string) => Promise<CommittedCollection | undefined>
}

export interface PlanExportInput {
  readonly live: Live & Partial<Pick<LiveChanges, 'parts' | 'marks'>>
  readonly committed: ExportsCompared
  /** Held already, by the reconciliation before. */
  readonly held: Holds
  readonly consent: Consent
  readonly relayout: boolean
  /** `source/collection` → fields dropped on purpose. */
  readonly forgotten: Readonly<Record<string, readonly string[]>>
}

/** Plans the export of one source. @throws DamagedError when a file at HEAD that must be compared is damaged */
export async function planExport(source: Source, options: PlanExportInput): Promise<ExportPlan> {
  const holds: Holds = new Map([...options.held, ...options.live.unreadable])
  const exported: CollectionExport[] = []
  for (const name of new Set([
    ...source.selections.keys(),
    ...options.committed.head.keys(),
    ...options.live.sync.points.keys(),
  ])) {
    if (holds.has(name)) continue
    const found = await exportCollection(source, name, options)
    if (typeof found === 'string') holds.set(name, found)
    else if (found !== undefined) exported.push(found)
  }
  const moving = exported.map((each) => [each.name, movementOf(source, each)] as const)
  holdPartners(holds, source.selections, {
    names: await remodelled(source, holds, options),
    moving: new Map(moving),
    further: configuredTies(source),
  })
  const collections = exported.filter(({ name }) => !holds.has(name))
  return { source: source.source, collections, holds, marks: options.live.marks ?? new Map() }
}

/** The held collections of which something was renamed, dropped or converted. */
async function remodelled(source: Source, holds: Holds, { committed }: PlanExportInput): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const name of holds.keys()) {
    const selection = source.selections.get(name)
    const compared = { base: await committed.base(name), head: committed.head.get(name) }
    if (selection !== undefined && isRemodelled(selection, compared)) found.add(name)
  }
  return found
}

/** By the counts alone: a changed record may have another value in any field but its key. */
function movementOf(source: Source, { name, count, writes }: CollectionExport): Movement {
  const key = source.selections.get(name)?.schema.key ?? []
  return {
    any: count.added + count.changed + count.removed > 0 || writes.size > 0,
    leaves: (fields) => count.removed > 0 || (count.changed > 0 && !fields.every((field) => key.includes(field))),
  }
}

/** The export of one collection; a text: why it is held; undefined: it takes no part. */
async function exportCollection(
  source: Source,
  name: string,
  options: PlanExportInput,
): Promise<CollectionExport | string | undefined> {
  const selection = source.selections.get(name)
  const head = options.committed.head.get(name)
  if (selection === undefined) {
    const isNew = !source.adapter.capabilities.declaredFields && !options.live.sync.points.has(name)
    return head === undefined || isNew ? undefined : absentReason(source, name)
  }
  const home = head === undefined ? homeFieldsOf(source, name) : undefined
  if (home !== undefined) return homeReason(home)
  const reason = structureReason(source, selection, {
    head,
    base: await options.committed.base(name),
    forgotten: options.forgotten,
  })
  if (reason !== undefined) return reason
  const live = options.live.collections.get(name) as Records
  const part = options.live.parts?.get(name)
  const layout =
    part === undefined ? layoutFor(selection, live, { head, relayout: options.relayout }) : part.records.layout
  const changed = await changedFiles(source, { selection, live, head, layout })
  const { writes, count, files } = changed
  const before = head === undefined ? 0 : live.size - count.added + count.removed
  const refused = guardReason(source, {
    collection: name,
    deletes: count.removed,
    size: before,
    consent: options.consent,
  })
  if (refused !== undefined) return refused
  const records = (): Promise<Records> => wholeRecords(live)
  const indexed = (): Promise<IndexedKeys | undefined> => indexedKeys(changed.byFile, part)
  return { name, count, records, indexed, writes, outgrown: needsRelayout(layout, live.size, files) }
}

async function indexedKeys(byFile: RecordsByFile, part: LivePart | undefined): Promise<IndexedKeys | undefined> {
  const before = part === undefined || part.records.buckets.size === 0 ? undefined : await part.index()
  if (part !== undefined && before === undefined) return undefined
  return { before, buckets: new Map(byFile.buckets.map((bucket) => [bucket, byFile.keyHashes(bucket)])) }
}

function structureReason(
  source: Source,
  selection: Selection,
  states: Pick<PlanExportInput, 'forgotten'> & {
    readonly head: CommittedCollection | undefined
    readonly base: CommittedCollection | undefined
  },
): string | undefined {
  const { head, base } = states
  if (head === undefined) return undefined
  const drift = driftReason(selection, { base, head })
  if (drift !== undefined) return drift
  const name = `${source.source}/${selection.schema.name}`
  const dropped = droppedFields(selection, base).filter((field) => !states.forgotten[name]?.includes(field))
  if (dropped.length > 0)
    return `${dropped.join(', ')} ${dropped.length > 1 ? 'were' : 'was'} dropped here; if that is meant: tandem forget ${name} --field ${dropped[0]}`
  return undefined
}

function layoutFor(
  selection: Selection,
  live: Records,
  options: { readonly head: CommittedCollection | undefined; readonly relayout: boolean },
): Layout {
  const { head } = options
  const keep = head !== undefined && !(options.relayout && needsRelayout(head.layout, live.size, head.buckets.size))
  return keep ? head.layout : chooseLayout(selection.schema, live)
}

/** A source with what is to be exported of it. */
export interface PlannedSource {
  readonly source: Source
  readonly plan: ExportPlan
}
