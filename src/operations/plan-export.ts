/** What live means for the exports at HEAD: which files get which bytes, what changed, what is held. Reads git and a snapshot already taken; writes nothing. */
import { optionsFor } from '../config/match.ts'
import { guardFor } from '../config/rules.ts'
import { collectionFileText } from '../export/collection-file.ts'
import { headerOf } from '../export/header.ts'
import { bucketOf, chooseLayout, layoutText, needsRelayout } from '../export/layout.ts'
import { recordsFileText } from '../export/records-file.ts'
import { blobId } from '../git/objects.ts'
import { sameContent } from '../merge/versions.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { Layout, Selection } from '../model/collection.ts'
import type { MergeRules } from '../model/rules.ts'
import { bucketPath, readRecords, type Committed, type CommittedCollection } from './committed.ts'
import { guardReason, type AllowedDeletes } from './guard.ts'
import { driftReason, droppedFields } from './drift.ts'
import { holdPartners, type Holds } from './holds.ts'
import type { Live, Records } from './live.ts'
import { keylessReason, missingReason } from './moved.ts'
import type { Source } from './source.ts'

/** Records that an export adds (`+`), changes (`~`) and removes (`-`). */
export interface ChangeCount {
  readonly added: number
  readonly changed: number
  readonly removed: number
}

export interface CollectionExport {
  readonly name: string
  readonly count: ChangeCount
  /** What live holds. */
  readonly records: Records
  /** Path from the root → bytes, only files that differ from HEAD's. */
  readonly writes: ReadonlyMap<string, Buffer>
  /** The layout no longer fits the number of records. */
  readonly outgrown: boolean
}

export interface ExportPlan {
  readonly source: string
  /** Every exported collection, also where nothing changed. */
  readonly collections: readonly CollectionExport[]
  readonly holds: Holds
}

export interface ExportOptions {
  readonly live: Live
  readonly head: Committed
  /** The exports at each collection's sync point. */
  readonly base: (collection: string) => Promise<CommittedCollection | undefined>
  /** Held already, by the reconciliation before. */
  readonly held: Holds
  readonly allowed: AllowedDeletes
  readonly relayout: boolean
  /** `source/collection` → fields dropped on purpose. */
  readonly forgotten: Readonly<Record<string, readonly string[]>>
}

/** Plans the export of one source. @throws DamagedError when a file at HEAD that must be compared is damaged */
export async function planExport(source: Source, options: ExportOptions): Promise<ExportPlan> {
  const holds: Holds = new Map([...options.held, ...options.live.unreadable])
  const exported: CollectionExport[] = []
  for (const name of new Set([
    ...source.selections.keys(),
    ...options.head.keys(),
    ...options.live.sync.points.keys(),
  ])) {
    if (holds.has(name)) continue
    const found = await exportCollection(source, name, options)
    if (typeof found === 'string') holds.set(name, found)
    else if (found !== undefined) exported.push(found)
  }
  holdPartners(holds, source.selections)
  const collections = exported.filter(({ name }) => !holds.has(name))
  return { source: source.source, collections, holds }
}

/** The export of one collection; a text: why it is held; undefined: it takes no part. */
async function exportCollection(
  source: Source,
  name: string,
  options: ExportOptions,
): Promise<CollectionExport | string | undefined> {
  const selection = source.selections.get(name)
  const head = options.head.get(name)
  if (selection === undefined) {
    const excluded = source.leftOut.some((left) => left.name === name)
    return excluded || head === undefined ? undefined : missingReason(source, name)
  }
  if (selection.schema.key.length === 0) return keylessReason(source, name)
  const reason = structureReason(source, selection, {
    head,
    base: await options.base(name),
    forgotten: options.forgotten,
  })
  if (reason !== undefined) return reason
  const live = options.live.collections.get(name) as Records
  const layout = layoutFor(selection, live, { head, relayout: options.relayout })
  const { writes, count, files } = await changedFiles(source, { selection, live, head, layout })
  const size = head === undefined ? 0 : live.size - count.added + count.removed
  const configured = guardFor(optionsFor(source.config, name))
  const refused = guardReason({ collection: name, deletes: count.removed, size, configured, allowed: options.allowed })
  if (refused !== undefined) return refused
  return { name, count, records: live, writes, outgrown: needsRelayout(layout, live.size, files) }
}

function structureReason(
  source: Source,
  selection: Selection,
  states: Pick<ExportOptions, 'forgotten'> & {
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
  return keep ? head.layout : chooseLayout(selection.schema, live.keys(), live.size)
}

export interface Compared {
  readonly selection: Selection
  readonly live: Records
  readonly head: CommittedCollection | undefined
  readonly layout: Layout
}

/** Files whose bytes differ from HEAD's. Ids are compared first: an unchanged file is never read. */
export async function changedFiles(
  source: Source,
  { selection, live, head, layout }: Compared,
): Promise<{ writes: Map<string, Buffer>; count: ChangeCount; files: number }> {
  const { schema } = selection
  const folder = head?.folder ?? source.folder(schema.name)
  const place = { source: source.source, schema, layout }
  const relayout = head !== undefined && layoutText(head.layout) !== layoutText(layout)
  const buckets = bucketsOf(live, layout, head)
  const rules = source.rules(schema.name)
  const isLenient = schema.order === 'kept' || rules.derived.length > 0
  const writes = new Map<string, Buffer>()
  const total = { added: 0, changed: 0, removed: 0 }
  const committed = relayout ? await readRecords(source, head) : undefined
  for (const [bucket, records] of buckets) {
    const bytes = Buffer.from(recordsFileText(headerOf(place, bucket), records))
    const id = head?.buckets.get(bucket)
    if (id !== undefined && id === blobId(bytes, source.repository.objectFormat)) continue
    const before = committed ?? (await readRecords(source, head, [bucket]))
    const kept = new Map([...records].map(([key, text]) => [key, committedText(before.get(key), text, rules)]))
    const file = isLenient ? Buffer.from(recordsFileText(headerOf(place, bucket), kept)) : bytes
    if (committed === undefined) addCount(total, before, kept)
    if (id !== blobId(file, source.repository.objectFormat)) writes.set(bucketPath(folder, bucket), file)
  }
  if (committed !== undefined) addCount(total, committed, live)
  const file = Buffer.from(collectionFileText(place))
  if (head?.fileId !== blobId(file, source.repository.objectFormat)) writes.set(`${folder}/collection.json`, file)
  return { writes, count: total, files: buckets.size }
}

/** A mere difference in field order, or in derived fields, is no change: the committed line stays. */
function committedText(before: RecordText | undefined, now: RecordText, rules: MergeRules): RecordText {
  return before !== undefined && sameContent(before, now, rules) ? before : now
}

/** Live's records by bucket; a bucket that HEAD has and live emptied is there, empty: files are never deleted. */
function bucketsOf(
  live: Records,
  layout: Layout,
  head: CommittedCollection | undefined,
): Map<string, Map<KeyText, RecordText>> {
  const buckets = new Map<string, Map<KeyText, RecordText>>()
  for (const bucket of head?.buckets.keys() ?? []) buckets.set(bucket, new Map())
  if (layout.kind === 'single' && !buckets.has('records')) buckets.set('records', new Map())
  for (const [key, text] of live) {
    const bucket = bucketOf(key, layout)
    const records = buckets.get(bucket) ?? new Map<KeyText, RecordText>()
    buckets.set(bucket, records.set(key, text))
  }
  return buckets
}

function addCount(total: { added: number; changed: number; removed: number }, before: Records, after: Records): void {
  for (const [key, text] of after) {
    const old = before.get(key)
    if (old === undefined) total.added++
    else if (old !== text) total.changed++
  }
  for (const key of before.keys()) if (!after.has(key)) total.removed++
}
