/** What a reconciliation did to a database, in a line or two for the terminal. */
import type { Settled } from './settle.ts'

/** No line when nothing changed and nothing had to be decided. */
export function changeWords(settled: Settled): string[] {
  const { plan, source } = settled
  const changes = plan.outcomes.flatMap((outcome) => outcome.changes)
  const added = changes.filter((change) => change.before === undefined).length
  const removed = changes.filter((change) => change.after === undefined).length
  const lines: string[] = [...settled.notes]
  if (plan.deferred)
    return [
      ...settled.notes,
      `${source.source}: ${changes.length} records come in; they are being applied in the background (tandem apply waits for it)`,
    ]
  if (changes.length > 0)
    lines.push(
      `${source.source} +${added} ~${changes.length - added - removed} -${removed} applied to ${source.description.database}`,
    )
  if (settled.report !== undefined) lines.push(...settled.report.lines)
  return lines
}
