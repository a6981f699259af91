/**
 * What counts as an operation in each kind of commit. A user's edit is what the user changed in live. Of files written by hand, and of merges, only what says
 * something is one: what a merge merely dropped of one side is none.
 */
import type { RecordText } from '../../../src/model/canonical.ts'
import { regionOf } from './commits.ts'
import type { Log, Operation } from './log.ts'
import { impliedBy, type Registers, takeApart } from './registers.ts'

type Text = RecordText | undefined

interface Writing {
  readonly commit: number
  /** What the record was. */
  readonly before: Text
  readonly after: Text
  /** What it was before it was deleted, if it was: a record that comes back says of these that they are gone. */
  readonly former: Registers
}

/** What a user changed in live, from what the user saw. */
export function edited(log: Log, writing: Writing): Operation | undefined {
  return between(log, writing, () => true)
}

/** A file written outside the tool: `content` is what its parent's file said, `before` what the record was. A line is meant only where it changed. */
export function written(log: Log, writing: Writing, content: Text): Operation | undefined {
  if (content === undefined && writing.after === undefined) return undefined
  if (content === undefined || writing.after === undefined) return between(log, writing, () => true)
  const from = takeApart(content, log.shape)
  const to = takeApart(writing.after, log.shape)
  const operation = between(log, writing, (register) => from[register] !== to[register])
  return writing.before === undefined ? amended(log, operation, writing.former) : operation
}

/** The operation that leads from before to after, as far as `meant`; none when nothing is. */
function between(log: Log, writing: Writing, meant: (register: number) => boolean): Operation | undefined {
  const { commit, before, after, former } = writing
  if (after === undefined) return before === undefined ? undefined : deleted(log, commit)
  const [from, to] = [takeApart(before, log.shape), takeApart(after, log.shape)]
  const isWritten = (register: number): boolean =>
    before === undefined
      ? to[register] !== undefined || former[register] !== undefined
      : to[register] !== from[register]
  const registers = to.flatMap((_, register) => (isWritten(register) && meant(register) ? [register] : []))
  if (registers.length === 0) return undefined
  return {
    commit,
    kind: 'write',
    written: impliedBy(new Set(registers), to, log.shape),
    after: to,
    counted: counted(log, before),
  }
}

function deleted(log: Log, commit: number): Operation {
  return { commit, kind: 'delete', written: new Set(), after: takeApart(undefined, log.shape), counted: undefined }
}

function counted(log: Log, before: Text): string | undefined {
  return log.shape.counter < 0 ? undefined : takeApart(before, log.shape)[log.shape.counter]
}

/** A merge commit: its parents with what their files say and what the record is there, what it should be, and what its file says. */
export interface Merging {
  readonly commit: number
  readonly parents: readonly Parent[]
  readonly expected: Text
  readonly after: Text
  readonly former: Registers
}

export interface Parent {
  readonly commit: number
  readonly content: Text
  readonly state: Text
}

/** What a merge decided: where its file is not what the merge should be and does not just leave a parent's file as that parent had found it. */
export function decided(log: Log, merging: Merging): Operation | undefined {
  const { commit, expected, after, parents } = merging
  const sides = parents.map((parent, i) => sideOf(log, parent, parents[1 - i] as Parent))
  if (after === undefined) {
    return expected === undefined || sides.some((side) => side.keepsAbsence) ? undefined : deleted(log, commit)
  }
  const to = takeApart(after, log.shape)
  if (expected === undefined) return revived(log, { commit, before: undefined, after, former: merging.former }, sides)
  const from = takeApart(expected, log.shape)
  const differing = to.flatMap((value, register) => (value === from[register] ? [] : [register]))
  const isKept = (register: number): boolean => sides.some((side) => side.keeps(register, to[register]))
  const places = differing.filter(isKept).map((place) => `${log.shape.names[place]}.`)
  const isInside = (register: number): boolean => places.some((place) => log.shape.names[register]?.startsWith(place))
  const meant = differing.filter((register) => !isKept(register) && !isInside(register))
  if (meant.length === 0) return undefined
  return {
    commit,
    kind: 'write',
    written: impliedBy(new Set(meant), to, log.shape),
    after: to,
    counted: counted(log, expected),
  }
}

interface Side {
  /** The parent's file lacks the record, and nobody said so in this merge's region. */
  readonly keepsAbsence: boolean
  readonly keepsPresence: boolean
  readonly content: Registers
  /** The value is the parent's file's, and nobody wrote it in this merge's region. */
  keeps(register: number, value: string | undefined): boolean
}

function sideOf(log: Log, parent: Parent, other: Parent): Side {
  const { content, state } = parent
  const region = regionOf(log.graph, [parent.commit], [other.commit])
  const operations = region.flatMap((commit) => log.operations.get(commit) ?? [])
  const untouched = operations.length === 0
  const [file, record] = [takeApart(content, log.shape), takeApart(state, log.shape)]
  return {
    keepsAbsence: content === undefined && (state !== undefined || untouched),
    keepsPresence: content !== undefined && (state === undefined || untouched),
    content: file,
    keeps: (register, value) =>
      content !== undefined &&
      file[register] === value &&
      (state === undefined || record[register] !== value || !operations.some((one) => one.written.has(register))),
  }
}

/** The merge has a record that should be gone. */
function revived(log: Log, writing: Writing, sides: readonly Side[]): Operation | undefined {
  const keeping = sides.filter((side) => side.keepsPresence)
  const meant = (register: number): boolean => {
    const value = takeApart(writing.after, log.shape)[register]
    return keeping.length === 0 || !keeping.some((side) => side.content[register] === value)
  }
  const operation = between(log, writing, meant)
  return keeping.length === 0 ? operation : amended(log, operation, writing.former)
}

/** Of a record that comes back as it was, a counter that is written is changed, not set. */
function amended(log: Log, operation: Operation | undefined, former: Registers): Operation | undefined {
  return operation === undefined ? undefined : { ...operation, counted: former[log.shape.counter] }
}

/** True when the user put back what a merge dropped, as the file has it: an export that does not say so would look like nothing. */
export function isAcceptance(log: Log, texts: { content: Text; state: Text; live: Text }): boolean {
  const { content, state, live } = texts
  if (content === state) return false
  if ((content === undefined) !== (state === undefined) && (content === undefined) === (live === undefined)) return true
  if (content === undefined || live === undefined) return false
  const [file, record, now] = [content, state, live].map((text) => takeApart(text, log.shape)) as [
    Registers,
    Registers,
    Registers,
  ]
  return now.some((value, register) => value === file[register] && value !== record[register])
}
