/** The guard: deleting many records of a collection needs a person's consent that names their number, because emptied tables and mass deletes are more often accidents than intended. */
import type { Consent } from '../model/consent.ts'
import { optionsFor } from '../config/match.ts'
import { type Guard, guardFor } from '../config/rules.ts'
import type { Source } from './source.ts'

/** Up to this many deletes never need consent, unless the configuration sets another limit. */
const FREE_DELETES = 10

/** Up to this share of the records may be deleted without consent, but never all of them. */
const FREE_SHARE = 0.2

export interface DeletesQuestion {
  readonly collection: string
  readonly deletes: number
  /** The number of records before the deletes. */
  readonly size: number
  readonly consent: Consent
}

/** Why the guard does not allow these deletes, with the option that allows them; undefined when they are allowed. */
export function guardReason({ config }: Pick<Source, 'config'>, question: DeletesQuestion): string | undefined {
  const { collection, deletes, size } = question
  if (deletes <= (question.consent.deletes?.get(collection) ?? 0)) return undefined
  if (!isTooMany(question, guardFor(optionsFor(config, collection)))) return undefined
  return `would delete ${deletes} of ${size} records; if that is meant: --allow-deletes ${collection}=${deletes}`
}

function isTooMany({ deletes, size }: DeletesQuestion, { deletes: limit }: Guard): boolean {
  if (limit === undefined) return deletes > FREE_DELETES && exceeds(deletes, FREE_SHARE * size)
  return exceeds(deletes, 'count' in limit ? limit.count : limit.share * size)
}

/** 0.29 × 100 is a little less than 29 in floating point; 29 deletes are within 29 %. */
function exceeds(deletes: number, bound: number): boolean {
  return deletes > bound + 1e-6
}
