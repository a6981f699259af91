/** What the demo prints: titles of scenes, the commands that it runs, and their output. */

/** Each function prints one kind of text. */
export interface Narrator {
  /** The title of a scene; scenes are numbered. */
  scene(title: string): void
  say(text: string): void
  /** A command that is about to run, as one would type it. @param where the name of the machine */
  command(where: string, text: string): void
  /** What a command has printed. */
  output(text: string): void
}

const BOLD = 1

const DIM = 2

const GREEN = 32

/** A narrator that prints through `write`. @param colours whether to use the colours of a terminal */
export function createNarrator(write: (text: string) => void, colours: boolean): Narrator {
  const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  let scenes = 0
  return {
    scene: (title) => write(`\n\n${paint(BOLD, `${++scenes}. ${title}`)}\n`),
    say: (text) => write(`${text}\n`),
    command: (where, text) => write(`\n${paint(DIM, where)} ${paint(GREEN, `$ ${text}`)}\n`),
    output: (text) => {
      for (const line of text.trimEnd().split('\n')) if (text.trim() !== '') write(`  ${line}\n`)
    },
  }
}
