/** How the demo speaks: scenes, the commands it runs and what they print. Coloured on a terminal only. */

export interface Narrator {
  scene(title: string): void
  say(text: string): void
  /** A command about to run, as one would type it. */
  command(where: string, text: string): void
  /** What a command printed, as it was. */
  output(text: string): void
}

const BOLD = 1
const DIM = 2
const GREEN = 32

/** @param write takes text as it is; `colours`: whether it is a terminal */
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
