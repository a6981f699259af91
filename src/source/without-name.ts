/** Messages name their source, because a command may work on several; where a line begins with the source anyway, it would stand there twice. */

/** The message without `source NAME: ` at its beginning; any other message as it is. */
export function withoutName(source: string, message: string): string {
  const named = `source ${source}: `
  return message.startsWith(named) ? message.slice(named.length) : message
}
