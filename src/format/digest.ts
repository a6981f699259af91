/** One digest for all records of a collection or source: equal data has equal digests on every machine, whatever the layout. */
import { createHash } from 'node:crypto'
import { type KeyText, type RecordText, compareBytes, recordHash } from '../model/canonical.ts'

/** SHA-256 (hex) over `key TAB hash LF` of every record, sorted by key bytes. */
export function recordsDigest(records: ReadonlyMap<KeyText, RecordText>, order: 'sorted' | 'kept'): string {
  const hash = createHash('sha256')
  const sorted = [...records].sort((a, b) => compareBytes(a[0], b[0]))
  for (const [key, text] of sorted) hash.update(`${key}\t${recordHash(text, order)}\n`)
  return hash.digest('hex')
}

/** SHA-256 (hex) over `name TAB digest LF` of every collection, sorted by name (bytes). */
export function sourceDigest(collections: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256')
  const sorted = [...collections].sort((a, b) => compareBytes(a[0], b[0]))
  for (const [name, digest] of sorted) hash.update(`${name}\t${digest}\n`)
  return hash.digest('hex')
}
