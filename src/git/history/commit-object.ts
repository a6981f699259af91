/**
 * Reads the facts of a commit from its object, where that needs no knowledge of git's: a `git log` for one commit costs 5 ms. commits.ts asks git for all others. For each rule here
 * there is one in git-interpret-trailers(1): only messages on which all its rules and settings agree are read.
 */
import path from 'node:path'
import { exists } from '../../io/exists.ts'
import type { Repository } from '../repository.ts'
import { TRAILERS } from './trailers.ts'

/** What commits.ts has of a commit before it looks into the values; each trailer's values are joined by blanks. */
export interface CommitTexts {
  readonly id: string
  readonly parents: readonly string[]
  /** Seconds since 1970. */
  readonly committedAt: number
  readonly author: string
  readonly tree: string
  /** In the order of TRAILERS. */
  readonly trailers: readonly string[]
  /** The message after its subject. */
  readonly body: string
}

/** What stands between texts in git's answers, and what is no UTF-8. */
const UNSAFE = ['\0', '\x01', '\ufffd']

/** Settings by which git reads trailers in another way. */
const OWN_RULES = /^(trailer\.|core\.comment(char|string)$)/

/** The texts of the commit with this name; undefined where git has to be asked: also where there is no such commit. */
export async function commitTexts(repository: Repository, name: string): Promise<CommitTexts | undefined> {
  const [object] = await repository.objects.read([`${name}^{commit}`])
  if (object === undefined || (await hasOtherParents(repository))) return undefined
  const text = object.bytes.toString()
  const end = text.indexOf('\n\n')
  const [header, message] = [text.slice(0, end), text.slice(end + 2)]
  if (end < 0 || /^encoding /m.test(header) || UNSAFE.some((each) => text.includes(each))) return undefined
  const [, tree] = /^tree ([0-9a-f]+)$/m.exec(header) ?? []
  const [, author] = /^author [^<>\n]*<([^<>\n]*)> \d+ [+-]\d{4}$/m.exec(header) ?? []
  const [, seconds] = /^committer [^<>\n]*<[^<>\n]*> (\d+) [+-]\d{4}$/m.exec(header) ?? []
  const isPlain = !(await repository.config()).names.some((each) => OWN_RULES.test(each))
  const trailers = isPlain ? trailersIn(message) : undefined
  if (tree === undefined || author === undefined || seconds === undefined || trailers === undefined) return undefined
  const parents = [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] as string)
  const body = /\n[ \t]*\n(.*)$/s.exec(message)?.[1] ?? ''
  return { id: object.id, parents, committedAt: Number(seconds), author, tree, trailers, body }
}

/** True where git says that commits have other parents than their objects name: in a shallow clone, and with grafts. */
async function hasOtherParents({ commonDir }: Repository): Promise<boolean> {
  return (await exists(path.join(commonDir, 'shallow'))) || exists(path.join(commonDir, 'info', 'grafts'))
}

/** The values of TRAILERS. undefined for a message in which a trailer of ours stands, but not in a last paragraph of nothing but trailers. */
function trailersIn(message: string): readonly string[] | undefined {
  if (!/tandem-/i.test(message)) return TRAILERS.map(() => '')
  const lines = message.trimEnd().split('\n')
  const blank = lines.findLastIndex((line) => line.trim() === '')
  const block = lines.slice(blank + 1)
  if (blank < 1 || lines[0]?.trim() === '' || lines.some((line) => line.startsWith('---'))) return undefined
  const pairs: (readonly [key: string, value: string])[] = []
  for (const line of block) {
    const [, key, value] = /^([A-Za-z0-9-]+): (.*)$/.exec(line) ?? []
    if (key === undefined || value === undefined) return undefined
    pairs.push([key.toLowerCase(), value.trim()])
  }
  const valuesOf = (name: string): string[] =>
    pairs.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value)
  return TRAILERS.map((name) => valuesOf(name).join(' '))
}
