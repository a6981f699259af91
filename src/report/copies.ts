/** The block of `tandem verify` about the copies: both sides of the mirror, the remote, the last sync and the last backup. Pure. */
import { sizeWords } from '../model/duration.ts'
import { age } from './age.ts'

/** One side of the mirror, as its last run counted it. */
interface CopiedSide {
  readonly name: string
  readonly files: number
  readonly sizeBytes: number
}

/** What is known of the copies; undefined: there is no such copy. Ages in milliseconds. */
export interface KnownCopies {
  readonly mirror: { readonly primary: CopiedSide; readonly mirror: CopiedSide; readonly isEqual: boolean } | undefined
  /** Commits that the remote lacked when it was last asked. */
  readonly remote: { readonly name: string; readonly missing: number } | undefined
  readonly syncAgeMs: number | undefined
  readonly backup: { readonly ageMs: number; readonly isWell: boolean } | undefined
}

/** The lines of the block. */
export function copiesLines({ mirror, remote, syncAgeMs, backup }: KnownCopies): string[] {
  const lines: string[] = []
  if (mirror !== undefined) {
    const { primary, mirror: other, isEqual } = mirror
    const files = isEqual && primary.files === other.files
    const size = isEqual && primary.sizeBytes === other.sizeBytes
    lines.push(
      `${primary.name} files: ${primary.files} | ${other.name} files: ${other.files} | Match: ${mark(files)}`,
      `${primary.name} size: ${sizeWords(primary.sizeBytes)} | ${other.name} size: ${sizeWords(other.sizeBytes)} | Match: ${mark(size)}`,
    )
  }
  if (remote !== undefined)
    lines.push(
      `${remote.name} sync: ${remote.missing === 0 ? `${mark(true)} Up to date` : `${mark(false)} ${remote.missing} commits to push`}`,
    )
  lines.push(`Last sync: ${syncAgeMs === undefined ? 'never' : since(syncAgeMs)}`)
  if (backup !== undefined) lines.push(`Backup status: ${mark(backup.isWell)} Latest backup: ${since(backup.ageMs)}`)
  return lines
}

function mark(good: boolean): string {
  return good ? '✅' : '❌'
}

function since(ms: number): string {
  const words = age(ms)
  return words === 'just now' ? words : `${words} ago`
}
