/** What a person allowed in one run: made in `cli` from the flags, handed down whole. A hook was allowed nothing. */

/** Collection → how many of its records may be deleted, once. */
export type AllowedDeletes = ReadonlyMap<string, number>

export interface Consent {
  /** `--allow-deletes COLLECTION=N`: what the guard lets pass. */
  readonly deletes?: AllowedDeletes
  /** `--accept-clock`: the clock of history may be ahead of this machine's. */
  readonly acceptClock?: boolean
  /** `--accept-merge COMMIT`: the full id of a merge commit in HEAD's history; what it dropped stays dropped. */
  readonly acceptMerge?: string
  /** `tandem init`. `bind`: a sync point that this clone lacks counts as lost, and an older one will do. `join`: besides, both sides meet for the first time and are united. */
  readonly init?: 'bind' | 'join'
  /** `tandem apply`. `refused`: records that this database refused are tried again. `undone`: besides, what `tandem undo` took back is brought in again. */
  readonly again?: 'refused' | 'undone'
  /** Commits in which code and data are mixed. `take`: their data is applied. `keep`: live keeps what it has, and the next export takes their data back. Without a word they are held. */
  readonly mixed?: 'take' | 'keep'
}

export const NO_CONSENT: Consent = {}
