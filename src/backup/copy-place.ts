/** Where second copies of archives are: a folder of another disk, or a remote of rclone. Each file is read back after it was written. */
import { copyFile, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileDigest } from '../io/file-digest.ts'
import { type ProgramCall, runProgram } from '../io/program.ts'
import { TandemError, UnreachableError } from '../model/errors.ts'
import type { CopyTarget } from './settings.ts'

export interface CopyPlace {
  /** Names of the files there. @throws UnreachableError when the place is not there */
  list(): Promise<readonly string[]>
  /** Text of a file; undefined when there is none. */
  read(name: string): Promise<string | undefined>
  /** Copies a file there; nobody sees half of it under this name. */
  put(from: string, name: string): Promise<void>
  /** SHA-256 of a file, read there. */
  digest(name: string): Promise<string>
  /** Copies a file from there. */
  fetch(name: string, to: string): Promise<void>
  remove(name: string): Promise<void>
}

/** Says that a folder is really the disk that was meant: where nothing is mounted, it is missing. */
const MARKER = '.tandem-copy'

/** The place of a target. Not for restic, which is no place of files. */
export function copyPlace(target: CopyTarget, environment: ProgramCall['environment']): CopyPlace {
  return target.kind === 'rclone' ? remotePlace(target, environment) : folderPlace(target.to)
}

/** Makes the folder of a copy known as the one that is meant. A person calls this while the disk is mounted. */
export async function markFolder({ to, kind }: CopyTarget): Promise<void> {
  if (kind !== 'folder') return
  await mkdir(to, { recursive: true, mode: 0o700 })
  await writeFile(path.join(to, MARKER), 'tandem copies backups here; it copies nothing where this file is missing\n')
}

function folderPlace(folder: string): CopyPlace {
  return {
    list: async () => {
      const isThere = await stat(path.join(folder, MARKER)).catch(() => undefined)
      if (isThere === undefined)
        throw new UnreachableError(
          `${folder} is not the folder that was approved for copies: its disk is not mounted`,
          {
            hint: 'Mount it; or, if it is new, mount it and run: tandem backup approve',
          },
        )
      return readdir(folder)
    },
    read: (name) => readFile(path.join(folder, name), 'utf8').catch(() => undefined),
    put: async (from, name) => {
      const passing = path.join(folder, `.${name}.part`)
      await copyFile(from, passing)
      const handle = await open(passing, 'r+')
      await handle.sync()
      await handle.close()
      await rename(passing, path.join(folder, name))
    },
    digest: async (name) => (await fileDigest(path.join(folder, name))).sha256,
    fetch: (name, to) => copyFile(path.join(folder, name), to),
    remove: (name) => rm(path.join(folder, name), { force: true }),
  }
}

function remotePlace({ to }: CopyTarget, environment: ProgramCall['environment']): CopyPlace {
  const rclone = async (...args: readonly string[]): Promise<string> => {
    const end = await runProgram('rclone', { args: [...args, '--retries', '3', '--timeout', '60s'], environment })
    if (end === undefined)
      throw new TandemError({ code: 'backup', exitCode: 1 }, 'rclone is not installed here', {
        hint: 'apt install rclone',
      })
    if (end.code === 0) return end.stdout
    throw new UnreachableError(
      `rclone ${args[0] ?? ''} ${to} failed (${end.code}): ${end.stderr.split('\n').at(-1) ?? ''}`,
    )
  }
  const at = (name: string): string => `${to.replace(/\/$/, '')}/${name}`
  return {
    list: async () => (await rclone('lsf', '--files-only', to).catch(absent)).split('\n').filter(Boolean),
    read: (name) =>
      rclone('cat', at(name)).then(
        (text) => text || undefined,
        () => undefined,
      ),
    put: async (from, name) => void (await rclone('copyto', from, at(name))),
    digest: async (name) => (await rclone('hashsum', 'sha256', '--download', at(name))).slice(0, 64),
    fetch: async (name, target) => void (await rclone('copyto', at(name), target)),
    remove: async (name) => void (await rclone('deletefile', at(name))),
  }
}

/** The folder of a remote is made with its first file. */
function absent(error: Error): string {
  if (/directory not found/i.test(error.message)) return ''
  throw error
}
