/** Reads a large file from its beginning to its end through a window of a few lines, without a wait for each. */
import { readSync } from 'node:fs'

const LINE_FEED = 0x0a

/** What of the file is in memory. */
export interface LineWindow {
  /** Whoever takes lines moves `from` behind them; `from` and `to` are the place of what is not taken yet. */
  bytes: Buffer
  from: number
  to: number
  /** Where `bytes[0]` stands in the file. */
  offset: number
  readonly file: number
  readonly size: number
}

/** Opens a window on a file of so many bytes; undefined: a file without any. */
export function openWindow(file: number | undefined, size: number, windowBytes: number): LineWindow {
  return { bytes: Buffer.allocUnsafe(windowBytes), from: 0, to: 0, offset: 0, file: file ?? -1, size }
}

/** True when all lines are taken. */
export function isAtEnd({ from, to, offset, size }: LineWindow): boolean {
  return from === to && offset + to >= size
}

/** Reads on when less than half of the window is left. @throws RangeError when the file has become shorter */
export function fillWindow(window: LineWindow): void {
  if (window.to - window.from < window.bytes.length / 2) readOn(window)
}

/** Where the first line ends, its line feed, counted from `from`; the window grows if it is not in it. @throws RangeError when the file ends without a line feed */
export function lineLength(window: LineWindow): number {
  for (;;) {
    const end = window.bytes.subarray(0, window.to).indexOf(LINE_FEED, window.from)
    if (end >= 0) return end - window.from
    if (window.offset + window.to >= window.size) throw new RangeError('the last line is cut off')
    if (window.to - window.from === window.bytes.length)
      window.bytes = Buffer.concat([window.bytes, Buffer.allocUnsafe(window.bytes.length)])
    readOn(window)
  }
}

function readOn(window: LineWindow): void {
  window.bytes.copyWithin(0, window.from, window.to)
  window.offset += window.from
  window.to -= window.from
  window.from = 0
  while (window.to < window.bytes.length && window.offset + window.to < window.size) {
    const room = Math.min(window.bytes.length - window.to, window.size - window.offset - window.to)
    const count = readSync(window.file, window.bytes, window.to, room, window.offset + window.to)
    if (count === 0) throw new RangeError('the file has become shorter')
    window.to += count
  }
}
