/** Changes to files of the user's, planned first and done later: as plain data, so that a dry run can print them. */
import { mkdir, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { writeByWayOf } from '../../io/atomic-write.ts'

/**
 * One step. Content is a string of bytes (latin1). `put-aside` moves a hook into the folder `tandem-original` beside it, under its own name (programs that serve
 * several hooks go by it); `put-back` lets it take its place again, over what stands there.
 */
export type FileEdit =
  | { readonly kind: 'write'; readonly path: string; readonly content: string; readonly mode: number }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'put-aside'; readonly path: string }
  | { readonly kind: 'put-back'; readonly path: string }

/** Where `put-aside` puts a hook. */
export function asidePath(file: string): string {
  return path.join(path.dirname(file), 'tandem-original', path.basename(file))
}

/** Performs edits in their order; passing files lie in `passing`. */
export async function performEdits(passing: string, edits: readonly FileEdit[]): Promise<void> {
  for (const edit of edits) await perform(passing, edit)
}

async function perform(passing: string, edit: FileEdit): Promise<void> {
  const aside = asidePath(edit.path)
  switch (edit.kind) {
    case 'write':
      return writeByWayOf(passing, edit.path, { content: Buffer.from(edit.content, 'latin1'), mode: edit.mode })
    case 'remove':
      return rm(edit.path, { force: true })
    case 'put-aside':
      await mkdir(path.dirname(aside), { recursive: true })
      return move(edit.path, aside, (target) => `../${target}`)
    case 'put-back':
      await move(aside, edit.path, (target) => target.slice('../'.length))
      await rmdir(path.dirname(aside)).catch(() => undefined) // other hooks are still in it
  }
}

/** Moves a file; a relative symbolic link is made anew, as it now starts from another folder. */
async function move(from: string, to: string, retarget: (target: string) => string): Promise<void> {
  const target = await readlink(from).catch(() => undefined)
  if (target === undefined || path.isAbsolute(target)) return rename(from, to)
  await rm(to, { force: true })
  await symlink(retarget(target), to)
  await rm(from)
}
