/** Findings about triggers that write more than their own row: whether they run when records of other machines are applied, and how to have it otherwise. */
import type { TriggerEffect } from '../../adapters/adapter.ts'
import type { Source } from '../../source/source.ts'
import { type Finding, entryFor } from './finding.ts'

/** A finding for each such trigger of an exported collection; one without an entry to paste says only that the trigger runs. */
export async function triggerFindings({ adapter, selections }: Source): Promise<Finding[]> {
  const effects = await adapter.triggers()
  return effects.flatMap((effect) => {
    const selection = selections.get(effect.collection)
    if (selection === undefined) return []
    const filled = effect.fills.filter((field) => selection.schema.fields.some(({ name }) => name === field))
    const found = filled.map((field) => filling(effect, field, selection.derived.includes(field)))
    return effect.writes.length === 0 ? found : [...found, writing(effect, selection.triggers, selections)]
  })
}

const RANK = 2

function named({ name, collection }: TriggerEffect): string {
  return `trigger ${name} of ${collection}`
}

function writing(
  effect: TriggerEffect,
  option: readonly string[] | 'none' | undefined,
  exported: Source['selections'],
): Finding {
  const { name, collection, writes, keepsIndex } = effect
  const what = `${named(effect)} writes ${writes.join(', ')}`
  if (option !== 'none' && (keepsIndex || option?.includes(name) === true)) {
    const runs = `${keepsIndex ? 'an index of the database, so it runs' : 'it runs'} when records are applied`
    return { rank: RANK, line: `${what}: ${runs}`, paste: undefined }
  }
  const stays = writes.filter((table) => !exported.has(table))
  const comes = writes.filter((table) => exported.has(table))
  const consequences = [
    ...(comes.length > 0 ? [`what it writes arrives as records of ${comes.join(', ')}`] : []),
    ...(stays.length > 0 ? [`${stays.join(', ')} gets nothing from other machines`] : []),
  ]
  return {
    rank: RANK,
    line: `${what}: not run when records are applied: ${consequences.join('; ')}`,
    paste: entryFor(collection, { triggers: [name] }),
  }
}

function filling(effect: TriggerEffect, field: string, isDerived: boolean): Finding {
  const what = `${named(effect)} computes ${field}`
  return isDerived
    ? { rank: RANK, line: `${what}: it runs when records are applied`, paste: undefined }
    : {
        rank: RANK,
        line: `${what}, which would travel and be merged as data instead of being computed on every machine`,
        paste: entryFor(effect.collection, { derived: [field] }),
      }
}
