/**
 * A mark that holds digests of what a collection consists of: pages of a table, runs of documents. Whatever has a digest that the mark has is as it was. A mark is
 * true of contents and of nothing else, so it stays right in a copy, a restored backup or another file, and a damaged one only leads to more being read.
 */
import { type Hash, createHash } from 'node:crypto'

export interface Digests {
  /** Fingerprint of all that decides what text the same bytes become. */
  readonly structure: string
  /** Parts are taken together, so that a mark stays small: as many as share a number without this many of its bits. */
  readonly bits: number
  readonly digests: ReadonlySet<string>
}

/** 96 bits, so that a changed part never has one of the digests of a mark by chance; a multiple of three, for base64. */
const DIGEST_BYTES = 12
const DIGEST_LETTERS = (DIGEST_BYTES / 3) * 4

/** A mark has some 256 KiB at most. */
const MOST_DIGESTS = 16_384

/** The `bits` with which so many parts make a mark of bearable size. */
export function bitsFor(parts: number): number {
  return Math.max(0, Math.ceil(Math.log2(parts / MOST_DIGESTS)))
}

export function newHash(): Hash {
  return createHash('sha256')
}

export function digestOf(hash: Hash): Buffer {
  return hash.digest().subarray(0, DIGEST_BYTES)
}

export function digestText(digest: Buffer): string {
  return digest.toString('base64')
}

/** A fingerprint for `Digests.structure`. */
export function fingerprint(parts: unknown): string {
  return digestText(digestOf(newHash().update(JSON.stringify(parts))))
}

export function digestsText({ structure, bits, digests }: Digests): string {
  return JSON.stringify({ structure, bits, digests: [...digests].join('') })
}

/** undefined where the text is no mark of this kind. */
export function digestsFrom(text: string): Digests | undefined {
  try {
    const { structure, bits, digests } = JSON.parse(text) as Omit<Digests, 'digests'> & { readonly digests: string }
    if (typeof structure !== 'string' || !Number.isInteger(bits) || typeof digests !== 'string') return undefined
    return { structure, bits, digests: new Set(digests.match(EACH_DIGEST)) }
  } catch {
    return undefined
  }
}

const EACH_DIGEST = new RegExp(`.{${DIGEST_LETTERS}}`, 'g')
