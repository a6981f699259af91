/** Foretells whether git's text merge of a records file meets a conflict, and the program is asked. Where a conflict is foretold, the driver takes a kept result without a text merge. */
import type { FileTexts } from './records-file.ts'

/** Lines `start` up to `end` (exclusive) of the base become `text`. */
interface Hunk {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** What the text merge does; `unknown` where lines repeat or are not in the order of the base, as in a damaged file. */
export type Foretold = 'conflict' | 'clean' | 'unknown'

/** Whether `merge-driver.sh` will meet a conflict with these texts: both sides changed lines that touch each other, or the headers differ. */
export function foretellTextMerge({ base, ours, theirs }: Pick<FileTexts, 'base' | 'ours' | 'theirs'>): Foretold {
  const [before, mine, other] = [base.split('\n'), ours.split('\n'), theirs.split('\n')] as const
  if (mine[0] !== other[0] || (base !== '' && before[0] !== mine[0])) return 'conflict'
  const [left, right] = [hunksOf(before, mine), hunksOf(before, other)]
  if (left === undefined || right === undefined) return 'unknown'
  const touch = (a: Hunk, b: Hunk): boolean => a.start <= b.end && b.start <= a.end && !isSame(a, b)
  return left.some((a) => right.some((b) => touch(a, b))) ? 'conflict' : 'clean'
}

function isSame(a: Hunk, b: Hunk): boolean {
  return a.start === b.start && a.end === b.end && a.text === b.text
}

/** What a side changed. Lines are unique and sorted, so those that are in both texts are in the same order; undefined where that is not so. */
function hunksOf(base: readonly string[], side: readonly string[]): Hunk[] | undefined {
  const places = new Map(base.map((line, i) => [line, i]))
  if (places.size !== base.length) return undefined
  const hunks: Hunk[] = []
  let [start, added] = [0, [] as string[]]
  const close = (end: number): void => {
    if (end > start || added.length > 0) hunks.push({ start, end, text: added.join('\n') })
    added = []
  }
  for (const line of side) {
    const place = places.get(line)
    if (place === undefined) added.push(line)
    else if (place < start) return undefined
    else {
      close(place)
      start = place + 1
    }
  }
  close(base.length)
  return hunks
}
