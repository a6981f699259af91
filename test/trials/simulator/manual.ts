/** What a merge commit's file says when it was not the tool that made it: one side taken whole, fields mixed, a value of somebody's own, or git's merge of lines. */
import type { RecordText } from '../../../src/model/canonical.ts'
import { type Editing, valueFor } from './edits.ts'
import { putTogether, takeApart } from './registers.ts'

type Text = RecordText | undefined

export interface Sides {
  readonly bases: readonly Text[]
  readonly ours: Text
  readonly theirs: Text
  /** What the tool would write. */
  readonly tool: Text
}

export type Manner = 'tool' | 'git' | 'side' | 'mixed' | 'third'

/** The file after a merge made in that manner. */
export function mergedBy(manner: Manner, sides: Sides, editing: Editing): Text {
  return MADE[manner](sides, editing)
}

const MADE: Readonly<Record<Manner, (sides: Sides, editing: Editing) => Text>> = {
  tool: ({ tool }) => tool,
  git: byLines,
  side: ({ ours, theirs }, { random }) => (random.chance(50) ? ours : theirs),
  mixed,
  third: ({ tool }, editing) => third(tool, editing),
}

/** Git merges a file line by line, and a record is a line; where that conflicts it asks the tool. */
function byLines({ bases, ours, theirs, tool }: Sides): Text {
  if (ours === theirs) return ours
  if (bases.every((base) => base === ours)) return theirs
  return bases.every((base) => base === theirs) ? ours : tool
}

function mixed({ ours, theirs }: Sides, { shape, random }: Editing): Text {
  if (ours === undefined || theirs === undefined) return random.chance(50) ? ours : theirs
  const [left, right] = [takeApart(ours, shape), takeApart(theirs, shape)]
  return putTogether(
    left.map((value, register) => (random.chance(50) ? value : right[register])),
    shape,
  )
}

function third(tool: Text, editing: Editing): Text {
  if (tool === undefined) return undefined
  const registers = [...takeApart(tool, editing.shape)]
  const register = editing.random.integer(0, registers.length - 1)
  registers[register] = valueFor(register, registers[register], editing)
  return putTogether(registers, editing.shape)
}
