/** Finds keys by their hash in open addressing over typed arrays: 24 bytes a key, where a Map of a million texts takes ten times as much. */
import { highHalf, lowHalf } from './canonical.ts'

export interface KeyPositions {
  /** The number of keys, and the position of the next. */
  readonly size: number
  /** Takes a key with its hash, unless it is there already. */
  add(hash: bigint, key: Uint8Array): void
  /** The position of a key; -1 where it is not there. */
  find(hash: bigint, key: Uint8Array): number
  /** The lower 32 bits of the hash at a position. */
  hashLow(position: number): number
  /** The upper 32 bits. */
  hashHigh(position: number): number
}

/** An empty table. @param isKey whether the key at a position is this one: the table itself knows only hashes */
export function keyPositions(isKey: (position: number, key: Uint8Array) => boolean): KeyPositions {
  let slots = new Int32Array(2048).fill(-1)
  let [lows, highs] = [new Uint32Array(1024), new Uint32Array(1024)]
  let size = 0
  /** The slot of the key, or the free one where it belongs. */
  const slotOf = (low: number, high: number, key: Uint8Array): number => {
    const mask = slots.length - 1
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot] as number
      if (found < 0 || (lows[found] === low && highs[found] === high && isKey(found, key))) return slot
    }
  }
  const grow = (): void => {
    const [formerLows, formerHighs] = [lows, highs]
    lows = new Uint32Array(2 * size)
    highs = new Uint32Array(2 * size)
    lows.set(formerLows)
    highs.set(formerHighs)
    slots = new Int32Array(4 * size).fill(-1)
    const mask = slots.length - 1
    for (let position = 0; position < size; position++) {
      let slot = (lows[position] as number) & mask
      while ((slots[slot] as number) >= 0) slot = (slot + 1) & mask
      slots[slot] = position
    }
  }
  return {
    get size() {
      return size
    },
    add: (hash, key) => {
      if (size === lows.length) grow()
      const low = lowHalf(hash)
      const high = highHalf(hash)
      const slot = slotOf(low, high, key)
      if ((slots[slot] as number) >= 0) return
      slots[slot] = size
      lows[size] = low
      highs[size++] = high
    },
    find: (hash, key) => slots[slotOf(lowHalf(hash), highHalf(hash), key)] as number,
    hashLow: (position) => lows[position] as number,
    hashHigh: (position) => highs[position] as number,
  }
}
