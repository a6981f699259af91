/** Makes values from a database harmless where they are shown: on a terminal and in Markdown, where text can hide, move the cursor or become markup. */
/** Control and format characters (zero-width, bidirectional overrides, byte order mark …), line and paragraph separators, lone surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** The text with every character that is invisible or moves text written as `\u{…}`: one line, nothing hidden. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The text for a line or table cell of Markdown: as a code span or, if the text could end one, as plain text with entities. `(empty)` for blank text. */
export function inlineMarkdown(text: string): string {
  const shown = visible(text)
  if (shown.trim() === '') return '(empty)'
  return /[`|<>&]/.test(shown) ? plainMarkdown(shown) : `\`${shown}\``
}

const MARKUP: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' }

/** The text for running Markdown text: every character that could be markup, a link or a mention is written as an entity. */
export function plainMarkdown(text: string): string {
  return visible(text).replace(
    /[\\`*_[\]|~#$@:!<>&]/g,
    (character) => MARKUP[character] ?? `&#${character.codePointAt(0)};`,
  )
}

/** A fenced code block whose fence is longer than any run of backticks in it. The lines must be `visible` already. */
export function fenced(language: string, lines: readonly string[]): string {
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${lines.join('\n')}\n${fence}`
}
