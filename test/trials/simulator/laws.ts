/** The laws every merge must keep, checked on the operations alone, and what a broken one is reported as. */
import { amounts, isPresent, lastWrites, type Log, type Operation } from './log.ts'
import { type Registers, takeApart } from './registers.ts'

/** In the order of the table that a run prints. */
export const LAWS = [
  'merging is symmetric',
  'merging with oneself or the past changes nothing',
  'the same operations give the same record',
  'any order of merges gives the same record',
  'an unopposed write survives',
  'a later write beats the earlier one it saw',
  'no value that nobody wrote',
  'a delete nobody opposed stays',
  'a record written beside a delete is kept',
  'a counter is the sum of all changes',
  'an export is what live was',
  'every losing value is among the decisions',
  'looking at the difference of two histories is enough',
  'the rule ends without an error',
] as const

export type Law = (typeof LAWS)[number]

export interface Violation {
  readonly law: Law
  readonly record: number
  /** The commits concerned: one, or the two that were merged. */
  readonly commits: readonly number[]
  readonly message: string
}

export type Found = (law: Law, message: string) => void

export interface Judged {
  readonly state: string | undefined
  readonly found: Found
}

/** What a state breaks, by the operations that were seen: presence first, then register by register. */
export function checkState(log: Log, operations: readonly Operation[], { state, found }: Judged): void {
  const present = isPresent(log, operations)
  if (present && state === undefined) return found('a record written beside a delete is kept', 'the record is missing')
  if (!present && state !== undefined) return found('a delete nobody opposed stays', 'the record is there')
  if (state === undefined) return
  const registers = takeApart(state, log.shape)
  const { counter, names } = log.shape
  for (let register = 0; register < names.length; register++) {
    if (log.shape.loose.has(register)) continue
    if (register === counter) checkCounter(amounts(log, operations), registers[register], found)
    else checkRegister({ log, operations, register, registers }, found)
  }
}

function checkCounter(allowed: readonly string[], value: string | undefined, found: Found): void {
  if (value !== undefined && allowed.includes(value)) return
  found('a counter is the sum of all changes', `n is ${value ?? 'absent'}, not ${allowed.join(' or ')}`)
}

interface Checked {
  readonly log: Log
  readonly operations: readonly Operation[]
  readonly register: number
  readonly registers: Registers
}

function checkRegister({ log, operations, register, registers }: Checked, found: Found): void {
  const value = registers[register]
  const last = lastWrites(log, operations, register)
  if (last.some((write) => write.after[register] === value) || (last.length === 0 && value === undefined)) return
  const wrote = operations.some((write) => write.written.has(register) && write.after[register] === value)
  const law = !wrote
    ? 'no value that nobody wrote'
    : last.length === 1
      ? 'an unopposed write survives'
      : 'a later write beats the earlier one it saw'
  const expected = last.map((write) => `${write.after[register] ?? 'absent'} of c${write.commit}`).join(' or ')
  found(law, `${log.shape.names[register]} is ${value ?? 'absent'}, not ${expected}`)
}
