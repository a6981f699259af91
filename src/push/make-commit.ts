/**
 * Makes one data commit of the planned exports of all sources, as an object that no branch holds yet: the candidate goes into the databases first, then the commit is made.
 * Separate from moving the branch, because a push moves it only when the remote has the commit.
 */
import { columnLines } from '../exports/column-order.ts'
import { heldNames, messageOf } from '../exports/data-message.ts'
import { uniquesToTell } from '../exports/told-uniques.ts'
import { buildTree, commitTree } from '../git/data-commit.ts'
import { openGraph } from '../git/history/graph.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import { filesAt } from '../git/objects/tree.ts'
import { waitingFiles } from '../git/waiting.ts'
import { templateText } from '../io/package-files.ts'
import type { Consent } from '../model/consent.ts'
import { quarantineWrites } from '../quarantine/files.ts'
import { storeCandidate } from '../sync-point/candidate.ts'
import { joinedBase } from '../sync-point/waiting-merge.ts'
import { replaceable } from '../workspace/unpublished.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { acceptedBy } from './accepted.ts'
import { changesBetween } from './bring-commit.ts'
import { summaryOf } from './commit-summary.ts'
import { refuseForeign } from './foreign.ts'
import type { PlannedSource } from './plan-export.ts'
import { stageOwn, stagedButReverted } from './staged.ts'

export interface CommitOptions {
  readonly head: { readonly commit: string; readonly ref: string }
  readonly consent: Consent
  /** HEAD may be replaced if it is a data commit that nobody has seen; never while a push is sending it. */
  readonly replace?: boolean
}

export interface ExportCommit {
  readonly commit: string
  /** The commit it stands on: the user's. */
  readonly parent: string
  /** `app +5 ~2 -0`, one for each source. */
  readonly summary: string
  /** The number of files that it changes. */
  readonly files: number
}

/**
 * Makes a commit of what the plans write, and of waiting reports; undefined when there is nothing to commit.
 * @throws GuardError when the clocks are too far apart, or the exports hold somebody else's changes; LockedError when the index is in use
 */
export async function makeDataCommit(
  workspace: Workspace,
  planned: readonly PlannedSource[],
  options: CommitOptions,
): Promise<ExportCommit | undefined> {
  const { repository } = workspace
  const head = options.head.commit
  const names = planned.map(({ plan }) => plan.source)
  const base = await joinedBase(workspace, names, head)
  const writes = await allWrites(workspace, planned, head)
  const given = await stagedButReverted(workspace, { head, writes, sources: names })
  const graph = openGraph(repository)
  const accepted = await acceptedBy(planned, { graph, parent: base })
  if (writes.size === 0 && base === head && accepted.length === 0) {
    if (given.size > 0) await stageOwn(workspace, { head, writes: given })
    return undefined
  }
  for (const [file, bytes] of given) writes.set(file, bytes)
  const parent = (options.replace && base === head ? await replaceable(workspace, base) : undefined) ?? base
  const { tree } = await buildTree(repository, base, writes)
  const files = await changesBetween(workspace, head, tree)
  await refuseForeign(workspace, { head, files: files.keys(), sources: names })
  const replaced = parent !== base
  const changed = replaced ? await changesBetween(workspace, parent, tree) : writes
  const summary = await summaryOf(planned, { parent, tree, replaced, files: changed.keys() })
  const held = heldNames(workspace, new Map(planned.map(({ plan }) => [plan.source, plan.holds.keys()])))
  const message = await messageOf(workspace, {
    ...options,
    graph,
    parent,
    summary,
    told: {
      held,
      accepted: parent === base ? accepted : [],
      uniques: await uniquesOf(planned, [...changed.keys()]),
      columns: planned.flatMap(({ source }) => columnLines(source, changed.keys())),
    },
    isFirst: await isFirstOf(workspace, names, parent),
  })
  for (const { source, plan } of planned) await storeCandidate(source, plan, { tree, head })
  const isEmpty = writes.size === 0 && accepted.length === 0
  const { author, signoff } = workspace.config.commit
  const commit = isEmpty ? base : await commitTree(repository, tree, { parents: [parent], message, author, signoff })
  // with edits that a pull had met, the commit before it is a merge of the tool's own
  return { commit, parent: base === head ? parent : head, summary, files: changed.size }
}

/** Names of the machine's own unique keys, of the collections to which these files belong. */
async function uniquesOf(planned: readonly PlannedSource[], files: readonly string[]): Promise<string[]> {
  const told: string[] = []
  for (const { source, plan } of planned) {
    const names = plan.collections.map(({ name }) => name)
    const written = names.filter((name) => files.some((file) => file.startsWith(`${source.folder(name)}/`)))
    told.push(...(await uniquesToTell(source, written)))
  }
  return told
}

/** True when a commit holds no exports of these sources. */
async function isFirstOf(
  { repository, config }: Workspace,
  sources: readonly string[],
  commit: string,
): Promise<boolean> {
  for (const source of sources)
    if ((await filesAt(repository, commit, `${config.exports}/${source}`)).size > 0) return false
  return true
}

/** Files of all plans, quarantined records, reports that wait, and the attributes if HEAD lacks them. A waiting report alone justifies a commit; attributes alone do not. */
async function allWrites(
  workspace: Workspace,
  planned: readonly PlannedSource[],
  head: string,
): Promise<Map<string, Buffer | undefined>> {
  const { repository, config } = workspace
  const writes = new Map<string, Buffer | undefined>(
    planned.flatMap(({ plan }) => plan.collections.flatMap(({ writes: files }) => [...files])),
  )
  for (const { source } of planned)
    for (const [file, bytes] of await quarantineWrites(source, head, await source.adapter.readState()))
      writes.set(file, bytes)
  const waiting = await waitingFiles(repository)
  const blobs = await readBlobs(
    repository,
    [...waiting.values()].map(({ id }) => id),
  )
  const committed = await filesAt(repository, head, config.exports)
  for (const [file, { id }] of waiting) if (committed.get(file)?.id !== id) writes.set(file, blobs.get(id))
  const attributes = `${config.exports}/.gitattributes`
  if (writes.size > 0 && !committed.has(attributes))
    writes.set(attributes, Buffer.from(await templateText('exports.gitattributes')))
  return writes
}
