/** The facts about a write by which a winner is found: its time in microseconds since 1970, the number of filled fields of its record, and the asset that wrote it. */
export interface SideStamp {
  readonly time: bigint
  readonly filled: number
  readonly asset: string
}
