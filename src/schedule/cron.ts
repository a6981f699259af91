/** Lines for crontab. cron does not catch up on what it missed, so one line looks every few minutes at what is due. */
import { shellQuote } from '../git/install/shell-words.ts'
import { TICK_MINUTES, type UnitsInput, unitsName, wordsOf } from './units.ts'

/** The marked block of this clone. */
export function cronBlock(input: UnitsInput): string {
  const { begin, end } = marks(input.root)
  const words = [`PATH=${shellQuote(input.searchPath)}`, ...wordsOf(input).map(shellQuote)].join(' ')
  // crontab(5): a percent sign is a line end unless it is escaped. What a run has to say is in its record and its log
  const command = `${words.replaceAll('%', String.raw`\%`)} >/dev/null 2>&1`
  return `${begin}\n*/${TICK_MINUTES} * * * * ${command}\n${end}\n`
}

/** The crontab with the block of this clone in it, in the place of an older one; `undefined`: without it. */
export function withCronBlock(crontab: string, root: string, block: string | undefined): string {
  const { begin, end } = marks(root)
  const lines = crontab.split('\n')
  const from = lines.indexOf(begin)
  const to = lines.indexOf(end, from)
  const others = from < 0 || to < 0 ? lines : [...lines.slice(0, from), ...lines.slice(to + 1)]
  const text = others.join('\n').replace(/\n*$/, '')
  return `${text === '' ? '' : `${text}\n`}${block ?? ''}`
}

function marks(root: string): { readonly begin: string; readonly end: string } {
  const name = unitsName(root)
  return { begin: `# begin ${name}`, end: `# end ${name}` }
}
