/** Columns of text for the terminal, as wide as their widest cell. Pure, shared by the commands that print tables. */
import { visible } from '../report/escape.ts'

/** One line for each row, cells two blanks apart, no blanks at the ends; hidden characters of names are made visible first, so that the columns stay in line. */
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
