/** The index of a pack: by it git finds objects in the pack, which without it does not count. Version 2 of gitformat-pack(5), byte for byte as `git index-pack` makes it. */
import { createHash } from 'node:crypto'
import type { Repository } from '../repository.ts'

/** An object in a pack. */
export interface PackEntry {
  readonly id: string
  /** Where it starts in the pack. */
  readonly offset: number
  /** CRC-32 of its bytes in the pack, header included. */
  readonly crc: number
}

/** From here on an offset stands in the table of 64-bit numbers. */
const LARGE_FROM = 2 ** 31

/**
 * The bytes of the index.
 * @param pack `hash`: the last bytes of the pack
 */
export function packIndex(
  entries: readonly PackEntry[],
  pack: { readonly hash: Buffer; readonly format: Repository['objectFormat']; readonly largeFrom?: number },
): Buffer {
  const { hash, format, largeFrom = LARGE_FROM } = pack
  const sorted = entries.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const large = sorted.map(({ offset }) => offset).filter((offset) => offset >= largeFrom)
  let seen = 0
  const offsets = sorted.map(({ offset }) => (offset < largeFrom ? offset : LARGE_FROM + seen++))
  const parts = [
    Buffer.from([0xff, 0x74, 0x4f, 0x63]), // what no index of version 1 begins with
    words([2]),
    words(fanout(sorted)),
    ...sorted.map(({ id }) => Buffer.from(id, 'hex')),
    words(sorted.map(({ crc }) => crc)),
    words(offsets),
    words(large.flatMap((offset) => [Math.floor(offset / 2 ** 32), offset % 2 ** 32])),
    hash,
  ]
  const bytes = Buffer.concat(parts)
  return Buffer.concat([bytes, createHash(format).update(bytes).digest()])
}

/** For each first byte of an id, how many objects have it or a smaller one. */
function fanout(sorted: readonly PackEntry[]): number[] {
  const counts = Array.from({ length: 256 }, () => 0)
  for (const { id } of sorted) (counts[Number.parseInt(id.slice(0, 2), 16)] as number)++
  let sum = 0
  return counts.map((count) => (sum += count))
}

/** Numbers of 32 bits, as git writes them. */
function words(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * i)
  return bytes
}
