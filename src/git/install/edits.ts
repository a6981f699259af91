/** Changes to the user's files as plain data: planned first and performed later, so that a dry run can print them. */
import { lstat, mkdir, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { writeByWayOf } from '../../io/atomic-write.ts'

/**
 * One change. Content is a string of bytes (latin1). `put-aside` makes room for the tool's hook: the user's is run as `tandem-original/<hook>`, under its own name, because a
 * program that serves several hooks reads its name. A file stays in its folder as `<hook>.tandem-original`, and that is a link to it, because a script loads its neighbours
 * (`require('./lib')`) from where it really is; a link is made anew there. `put-back` moves it to its former place, over the file that is there.
 */
export type FileEdit =
  | { readonly kind: 'write'; readonly path: string; readonly content: string; readonly mode: number }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'put-aside'; readonly path: string }
  | { readonly kind: 'put-back'; readonly path: string }

/** The path from which a hook that was put aside is run. */
export function asidePath(file: string): string {
  return path.join(path.dirname(file), 'tandem-original', path.basename(file))
}

/** Performs edits in their order; temporary files are made in the folder `passing`. */
export async function performEdits(passing: string, edits: readonly FileEdit[]): Promise<void> {
  for (const edit of edits) await applyEdit(passing, edit)
}

async function applyEdit(passing: string, edit: FileEdit): Promise<void> {
  const aside = asidePath(edit.path)
  switch (edit.kind) {
    case 'write':
      return writeByWayOf(passing, edit.path, { content: Buffer.from(edit.content, 'latin1'), mode: edit.mode })
    case 'remove':
      return rm(edit.path, { force: true })
    case 'put-aside':
      await mkdir(path.dirname(aside), { recursive: true })
      return putAside(edit.path, aside)
    case 'put-back':
      await putBack(edit.path, aside)
      await rmdir(path.dirname(aside)).catch(() => undefined) // the folder stays while other hooks are in it
  }
}

/** Where a file that was put aside is kept. */
function keptPath(file: string): string {
  return `${file}.tandem-original`
}

async function putAside(file: string, aside: string): Promise<void> {
  if ((await lstat(file)).isSymbolicLink()) return move(file, aside, (target) => `../${target}`)
  try {
    await symlink(path.join('..', path.basename(keptPath(file))), aside)
  } catch {
    return rename(file, aside) // no links here: the script moves, and its neighbours stay
  }
  await rename(file, keptPath(file))
}

async function putBack(file: string, aside: string): Promise<void> {
  const kept = await lstat(keptPath(file)).catch(() => undefined)
  if (kept === undefined) return move(aside, file, (target) => target.slice('../'.length))
  await rename(keptPath(file), file)
  await rm(aside)
}

/** Moves a file. A relative symbolic link is made anew with another target text, because it then starts from another folder. */
async function move(from: string, to: string, retarget: (target: string) => string): Promise<void> {
  const target = await readlink(from).catch(() => undefined)
  if (target === undefined || path.isAbsolute(target)) return rename(from, to)
  await rm(to, { force: true })
  await symlink(retarget(target), to)
  await rm(from)
}
