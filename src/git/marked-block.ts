/** A block of the tool's own lines in a file of the user's: puts it in, replaces it, takes it out, so that every other byte stays. Pure; files are strings of bytes (latin1). */
import { UsageError } from '../model/errors.ts'

/**
 * How the block came into the file, which is needed to take it out again. `plain`: into an existing file; `new file`: the file was made for the block; `new line`: the line before
 * it had no line feed and was given one; `wrapper`: the file replaces the user's hook, which was put aside.
 */
export type BlockNote = 'plain' | 'new file' | 'new line' | 'wrapper'

/** Where a block is in a text. */
export interface Block {
  readonly note: BlockNote
  /** Position of its first character, and the position behind its last one. */
  readonly start: number
  readonly end: number
}

const OPEN = /^# >>> git-tandem(?: \((new file|new line|wrapper)\))? >>>\r?\n/m

const CLOSE = /^# <<< git-tandem <<<(?:\r?\n|$)/m

/** The block's text with its marks; `body` ends with a line feed. Hooks (sh), lefthook's YAML and ignore files all take `#` for a comment. */
export function blockText(body: string, note: BlockNote): string {
  return `# >>> git-tandem${note === 'plain' ? '' : ` (${note})`} >>>\n${body}# <<< git-tandem <<<\n`
}

/**
 * The block in a file's text; undefined when there is none.
 * @throws UsageError when its last line is missing, so that its end is not known
 */
export function findBlock(text: string, file: string): Block | undefined {
  const open = OPEN.exec(text)
  if (open === null) return undefined
  const close = CLOSE.exec(text.slice(open.index))
  if (close === null)
    throw new UsageError(`${file} holds the first line of a git-tandem block but not its last`, {
      hint: 'Remove what is left of the block from that file by hand, then run the command again.',
    })
  const note = (open[1] ?? 'plain') as BlockNote
  return { note, start: open.index, end: open.index + close.index + close[0].length }
}

/** The text with the block put in at `position`, the beginning of a line or the end of the file; one that is already there is replaced where it stands. */
export function withBlock(text: string, body: string, at: { file: string; position: number }): string {
  const found = findBlock(text, at.file)
  if (found !== undefined) return text.slice(0, found.start) + blockText(body, found.note) + text.slice(found.end)
  const before = text.slice(0, at.position)
  const openLine = before !== '' && !before.endsWith('\n')
  const block = openLine ? `\n${blockText(body, 'new line')}` : blockText(body, 'plain')
  return before + block + text.slice(at.position)
}

/** The text as it was before the block was put in; undefined when there is no block. @throws UsageError as findBlock does */
export function withoutBlock(text: string, file: string): string | undefined {
  const block = findBlock(text, file)
  if (block === undefined) return undefined
  const start = block.note === 'new line' ? block.start - 1 : block.start
  return text.slice(0, start) + text.slice(block.end)
}
