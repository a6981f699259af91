/** Tables for the terminal: columns as wide as their widest cell. Pure. */
import { visible } from '../report/escape.ts'

/** One line for each row, with two blanks between cells and none at the end. Invisible characters are written as `\u{…}` first, so that the columns are in line. */
export function tableLines(
  rows: readonly (readonly string[])[],
  alignment: readonly ('left' | 'right')[],
): readonly string[] {
  const shown = rows.map((row) => row.map(visible))
  const widths = alignment.map((_, column) => Math.max(...shown.map((row) => (row[column] ?? '').length)))
  return shown.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0, alignment[column]))
      .join('  ')
      .trimEnd(),
  )
}

function padded(cell: string, width: number, side: 'left' | 'right' | undefined): string {
  return side === 'right' ? cell.padStart(width) : cell.padEnd(width)
}
