/** Text from a configuration made safe for messages: a pulled file must not be able to move the cursor, hide a line or reverse its direction. */
/** The text with control and invisible formatting characters written as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
