/** Who committed the very text that a record has now: a later commit that deleted the record, or wrote another text, did not. Apart from the stamps of the merge, which ask who touched the key at all. */
import { linesWritten } from '../git/history.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { WriterStamp } from '../model/rules.ts'
import { lastWrites, type WritesQuestion } from './record-stamps.ts'
import type { Source } from './source.ts'

/** The stamp of a committed text; of one that only a merge commit made, that of the record's last write. */
export async function textWriters(
  source: Source,
  question: WritesQuestion,
): Promise<(key: KeyText, text: RecordText) => WriterStamp> {
  const { repository } = source
  const lastWrite = await lastWrites(repository, question)
  const writers = new Map<RecordText, WriterStamp>()
  for (const { line, stamp } of await linesWritten(repository, question.range, question.place)) {
    const text = /^\{"h":"[0-9a-f]{16}","r":(\{.*\})\}$/.exec(line)?.[1]
    if (text !== undefined && stamp.at > (writers.get(text)?.at ?? -1)) writers.set(text, stamp)
  }
  return (key, text) => writers.get(text) ?? lastWrite(key)
}
