/** One records file of two commits that git is merging, by the rule over their history. Separate from the three-way merge of files, which knows no commits. */
import path from 'node:path'
import { bucketOf } from '../../export/layout.ts'
import { parseRecordsFile, recordsFileText } from '../../export/records-file.ts'
import { headerText } from '../../export/header.ts'
import { blobId } from '../../git/objects.ts'
import type { Repository } from '../../git/repository.ts'
import { filesAt } from '../../git/tree.ts'
import type { Decision } from '../../model/decision.ts'
import type { MergeRules } from '../../model/rules.ts'
import { mergeBucket, type CommitPair } from './commit-merge.ts'

export interface FileQuestion extends CommitPair {
  /** From the repository's root. */
  readonly file: string
  /** What git gave: the texts of both sides. */
  readonly texts: { readonly ours: string; readonly theirs: string }
  readonly exportsFolder: string
  readonly rulesFor: (header: ReturnType<typeof parseRecordsFile>['header']) => MergeRules
}

export interface MergedFile {
  readonly text: string
  readonly decisions: readonly Decision[]
}

/**
 * The merged file, or undefined where history cannot tell: git gave other texts than these commits hold (an inner merge of a criss-cross, a renamed file, a rebase), or the
 * sides are in different layouts.
 * @throws DamagedError when a side is damaged
 */
export async function mergeFileByHistory(
  repository: Repository,
  question: FileQuestion,
): Promise<MergedFile | undefined> {
  const { file, texts, ours, theirs } = question
  for (const [commit, text] of [[ours, texts.ours] as const, [theirs, texts.theirs] as const]) {
    const committed = await filesAt(repository, commit, path.posix.dirname(file))
    if (committed.get(file)?.id !== blobId(Buffer.from(text), repository.objectFormat)) return undefined
  }
  const mine = parseRecordsFile(texts.ours, `${file} (ours)`)
  const other = parseRecordsFile(texts.theirs, `${file} (theirs)`)
  const { header } = mine
  if (headerText(header) !== headerText(other.header)) return undefined
  const rules = question.rulesFor(header)
  const folder = path.posix.dirname(file)
  const place = {
    repository,
    exportsFolder: question.exportsFolder,
    source: header.source,
    rules: () => rules,
    folder: () => folder,
  }
  const { merged, decisions } = await mergeBucket(place, header.collection, {
    ours,
    theirs,
    records: mine.records,
    bucket: header.bucket,
    isHere: (key) => bucketOf(key, header.layout) === header.bucket,
  })
  return { text: recordsFileText(header, merged), decisions }
}
