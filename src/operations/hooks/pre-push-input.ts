/** What git hands to a pre-push hook (githooks(5)). */
export interface PrePushInput {
  readonly remote: string
  readonly url: string
  /** The hook's standard input. */
  readonly lines: string
}
