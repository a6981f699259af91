/**
 * Versions of configuration files: on every change of a valid one a copy is kept, the last three of each. A file that can no longer be read as JSON is replaced by its last good version
 * when a person asks for it. Files that are not JSON are kept without such a check.
 */
import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { stampOf } from './names.ts'

/** So many versions of a file stay. */
const KEPT = 3

/** A configuration is small; a larger file is most likely none, and is kept only in archives. */
const LARGEST_BYTES = 1 << 20

export interface FileState {
  readonly file: string
  /** `saved`: a new version; `same`: as the last version; `invalid`: no JSON, and its last good version is `version`; `repaired`: replaced by it; `large`: over 1 MB. */
  readonly state: 'saved' | 'same' | 'invalid' | 'repaired' | 'large'
  /** Path of the last good version; undefined: there is none. */
  readonly version: string | undefined
  readonly problem: string | undefined
}

export interface VersionsOptions {
  /** The folder of the archives. */
  readonly folder: string
  readonly root: string
  readonly nowMs: number
  readonly dryRun: boolean
  /** Replaces files that cannot be read by their last good version. */
  readonly repair: boolean
}

/** Looks at one configuration file, and keeps a version of it if it has changed. */
export async function keepVersion(file: string, options: VersionsOptions): Promise<FileState> {
  const own = path.join(options.folder, 'files', file)
  const versions = (await readdir(own).catch(() => [])).filter((name) => /^\d{8}_\d{6}/.test(name)).sort()
  const last = versions.at(-1)
  const version = last === undefined ? undefined : path.join(own, last)
  const live = path.join(options.root, file)
  const content = await readFile(live)
  if (content.length > LARGEST_BYTES) return { file, state: 'large', version, problem: undefined }
  const problem = problemOf(file, content)
  if (problem !== undefined) {
    const isRepaired = options.repair && version !== undefined && !options.dryRun
    if (isRepaired) await writeAtomically(live, await readFile(version))
    return { file, state: isRepaired ? 'repaired' : 'invalid', version, problem }
  }
  if (version !== undefined && content.equals(await readFile(version))) return { file, state: 'same', version, problem }
  const saved = path.join(own, `${freeName(options.nowMs, versions)}${path.extname(file)}`)
  if (options.dryRun) return { file, state: 'saved', version: saved, problem }
  await mkdir(own, { recursive: true, mode: 0o700 })
  await writeAtomically(saved, content, 0o600)
  for (const old of versions.slice(0, Math.max(0, versions.length + 1 - KEPT))) await rm(path.join(own, old))
  return { file, state: 'saved', version: saved, problem }
}

/** Why a file is not valid; undefined: it is. An empty or cut-off file is what a crash in the middle of writing leaves. */
function problemOf(file: string, content: Buffer): string | undefined {
  if (!file.endsWith('.json')) return content.length === 0 ? 'it is empty' : undefined
  try {
    JSON.parse(content.toString().replace(/^\ufeff/, ''))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** A second has one version; a faster change takes the next free second. */
function freeName(ms: number, versions: readonly string[]): string {
  const taken = new Set(versions.map((name) => name.slice(0, 15)))
  let at = ms
  while (taken.has(stampOf(at)) || (versions.at(-1) ?? '') > stampOf(at)) at += 1_000
  return stampOf(at)
}
