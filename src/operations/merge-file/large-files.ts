/** `tandem merge-file` for files on disk of any size: read through windows, with only what differs in memory. What this cannot read, merge-file.ts reads as a whole. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type FileDifferences, differencesOf } from './line-differences.ts'
import { recordTimes } from '../../conflicts/three-way.ts'
import { headerText } from '../../format/header.ts'
import { recordLine } from '../../format/records-file.ts'
import { type LineWindow, openWindow } from '../../io/line-window.ts'
import { type MergedCollection, mergeCollection } from '../../merge/collection.ts'
import { DamagedError } from '../../model/errors.ts'
import type { MergeRules } from '../../model/rules.ts'

/** Bytes of each file that are in memory, and of a part of the result. */
const WINDOW = 256 * 1024

/** The paths of the three files; undefined: there is no such file. */
export type SidePaths = readonly [base: string | undefined, ours: string | undefined, theirs: string | undefined]

/** What a merge of whole files answers, but for their records. */
type MergedFacts = Pick<MergedCollection, 'decisions' | 'collisions' | 'counts'>

/** Three files that were compared and are still open. */
export interface ComparedFiles {
  readonly differences: FileDifferences
  /** Merges what differs. `parts` is the merged file; our lines in it are read when they are asked for. */
  readonly merge: (rules: MergeRules) => MergedFacts & { readonly parts: () => Iterable<Buffer> }
  readonly close: () => void
}

/** Compares the files. undefined where all of them have to be read as a whole: damaged ones, and such as `differencesOf` does not compare. */
export function compareFiles(paths: SidePaths, windowBytes: number = WINDOW): ComparedFiles | undefined {
  const files: (number | undefined)[] = []
  const close = (): void => {
    for (const file of files) if (file !== undefined) closeSync(file)
  }
  try {
    for (const path of paths) files.push(path === undefined ? undefined : openSync(path, 'r'))
    const [base, ours, theirs] = files.map((file) => windowOn(file, windowBytes)) as [
      LineWindow,
      LineWindow,
      LineWindow,
    ]
    const written = files[1] === undefined ? 0 : fstatSync(files[1]).mtimeMs
    const differences = differencesOf({ base, ours, theirs })
    if (differences !== undefined) {
      const own = { ...ours, path: paths[1] ?? '', written }
      return { differences, close, merge: (rules) => mergeDifferences(differences, rules, own) }
    }
  } catch {
    // what is wrong with which line is told by who reads the files as a whole
  }
  close()
  return undefined
}

function windowOn(file: number | undefined, windowBytes: number): LineWindow {
  return openWindow(file, file === undefined ? 0 : fstatSync(file).size, windowBytes)
}

/** Our file, which has most lines of the result. */
interface OurFile extends Pick<LineWindow, 'file' | 'size'> {
  readonly path: string
  /** When it was written last, in milliseconds since 1970, before it was read. */
  readonly written: number
}

function mergeDifferences(
  differences: FileDifferences,
  rules: MergeRules,
  own: OurFile,
): ReturnType<ComparedFiles['merge']> {
  const { base, ours, theirs, counts } = differences
  const stampsOf = recordTimes(ours, theirs)(rules)
  const { merged, decisions, collisions, ...merge } = mergeCollection({ base, ours, theirs, rules, stampsOf })
  const { common } = counts
  const sides = { oursOnly: counts.ours - common, theirsOnly: counts.theirs - common, common }
  const result = counts.ours - ours.size + merged.size
  const parts = (): Iterable<Buffer> => inParts(piecesOf(differences, merged), own)
  return { decisions, collisions, counts: { ...merge.counts, ...sides, result }, parts }
}

/** The merged file: texts, and parts of ours. */
function* piecesOf(
  { header, pieces }: FileDifferences,
  merged: MergedCollection['merged'],
): Iterable<Exclude<FileDifferences['pieces'][number], string> | string> {
  yield `${headerText(header)}\n`
  for (const piece of pieces) {
    const record = typeof piece === 'string' ? merged.get(piece) : undefined
    if (typeof piece !== 'string') yield piece
    else if (record !== undefined) yield `${recordLine(record, header.order)}\n`
  }
}

/** The bytes of the pieces. @throws DamagedError when our file was changed since it was compared */
function* inParts(pieces: ReturnType<typeof piecesOf>, own: OurFile): Iterable<Buffer> {
  let [part, length] = [Buffer.allocUnsafe(WINDOW), 0]
  for (const piece of pieces) {
    const text = typeof piece === 'string' ? Buffer.from(piece) : undefined
    let at = typeof piece === 'string' ? 0 : piece.from
    const end = typeof piece === 'string' ? (text?.length ?? 0) : piece.to
    while (at < end) {
      const room = Math.min(end - at, part.length - length)
      const count =
        text === undefined ? readSync(own.file, part, length, room, at) : text.copy(part, length, at, at + room)
      if (count === 0) throw changed(own)
      at += count
      length += count
      if (length < part.length) continue
      yield part
      ;[part, length] = [Buffer.allocUnsafe(WINDOW), 0]
    }
  }
  const now = own.file < 0 ? undefined : fstatSync(own.file)
  if (now !== undefined && (now.size !== own.size || now.mtimeMs !== own.written)) throw changed(own)
  yield part.subarray(0, length)
}

function changed({ path }: OurFile): DamagedError {
  return new DamagedError({ path }, 'it was changed while it was merged', { hint: 'Run the command again.' })
}
