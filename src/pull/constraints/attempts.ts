/** What a reconciliation tries to write into live, record by record: the sound changes, and what was withheld before. Separate from what becomes of them when the database refuses some. */
import { NO_WRITER } from '../../history/writers.ts'
import { mergeRecord } from '../../merge/record.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Source } from '../../source/source.ts'
import type { WithheldRecords } from '../../source/withheld.ts'
import type { SoundSource } from './sound-source.ts'

/** One record on its way into live. */
export interface Attempt extends Change {
  /** What live should hold. */
  readonly meant: RecordText | undefined
}

export type Attempts = Map<string, Map<KeyText, Attempt>>

export interface AttemptsInput {
  readonly sound: SoundSource
  readonly withheld: WithheldRecords
  /** Try again what was withheld, also where nothing moved. */
  readonly retry: boolean
}

/** The sound changes, led from live as it is; and what was withheld before, tried again where it moved or where that is asked for. */
export function attemptsOf(source: Source, { sound, withheld, retry }: AttemptsInput): Attempts {
  const attempts: Attempts = new Map()
  for (const [name, { actual }] of sound.parts) {
    const changes = (sound.changes.get(name) ?? []).map(
      (change) => [change.key, { ...change, meant: change.after }] as const,
    )
    const list = new Map<KeyText, Attempt>(changes)
    for (const [key, refused] of withheld.get(name) ?? []) {
      const change = list.get(key)
      list.delete(key)
      if (change === undefined && !retry) continue
      const meant = change === undefined ? refused.meant : change.after
      const before = actual.get(key)
      // somebody put it in place meanwhile
      const own = before === refused.meant ? before : refused.own
      const after = together(source, { name, key, own, before, meant })
      list.set(key, { ...change, key, before, after, meant })
    }
    attempts.set(name, list)
  }
  return attempts
}

/** What was meant, with what live did to its own record since that was refused. */
function together(
  source: Source,
  record: {
    readonly name: string
    readonly key: KeyText
    readonly own: RecordText | undefined
    readonly before: RecordText | undefined
    readonly meant: RecordText | undefined
  },
): RecordText | undefined {
  const { name, key, own, before, meant } = record
  const rules = source.rules(name)
  if (own === before) return meant
  const stamps = { ours: { ...NO_WRITER, at: 2 }, theirs: NO_WRITER }
  const outcome = mergeRecord({ key, base: own, ours: before, theirs: meant, rules, stamps, join: true })
  return outcome.kind === 'merged' ? outcome.text : outcome.kept
}
