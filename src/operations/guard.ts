/** The guard: a change that deletes much of a collection is held until somebody says how much may go. Emptying and mass deletes are more often accidents than intentions. */
import type { Guard } from '../config/rules.ts'

/** Fewer deletes than this never need a word. */
const FREE_DELETES = 10
const FREE_SHARE = 0.2

/** `--allow-deletes COLLECTION=N`, once. */
export type AllowedDeletes = ReadonlyMap<string, number>

export interface DeletesQuestion {
  readonly collection: string
  readonly deletes: number
  /** Records before. */
  readonly size: number
  readonly configured: Guard
  readonly allowed: AllowedDeletes
}

/** Why so many deletes are held; undefined when they may go on. */
export function guardReason(question: DeletesQuestion): string | undefined {
  const { collection, deletes, size } = question
  if (deletes <= (question.allowed.get(collection) ?? 0) || !isTooMany(question)) return undefined
  return `would delete ${deletes} of ${size} records; if that is meant: --allow-deletes ${collection}=${deletes}`
}

function isTooMany({ deletes, size, configured }: DeletesQuestion): boolean {
  const limit = configured.deletes
  if (limit !== undefined) return deletes > ('count' in limit ? limit.count : limit.share * size)
  if (deletes <= FREE_DELETES) return false
  return deletes === size || deletes > size * FREE_SHARE
}
