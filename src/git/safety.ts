/** Safety snapshots in git: each is a commit without parents under `refs/tandem/safety/<source>/<name>`; sorted names are in the order of time. src/safety decides what is in one. */
import { writeBlobs } from './objects/blobs.ts'
import { moveOwnRefs } from './own-refs.ts'
import type { Repository } from './repository.ts'
import { storeTree } from './objects/trees.ts'

const ROOT = 'refs/tandem/safety'

/** Author and committer of snapshots, which are never published. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'tandem',
  GIT_AUTHOR_EMAIL: 'tandem@localhost',
  GIT_COMMITTER_NAME: 'tandem',
  GIT_COMMITTER_EMAIL: 'tandem@localhost',
}

/** A snapshot that exists. */
export interface SafetyRef {
  readonly name: string
  readonly commit: string
  /** The commit's whole message. */
  readonly message: string
}

/** All snapshots of a source, oldest first. */
export async function safetyRefs(repository: Repository, source: string): Promise<SafetyRef[]> {
  const folder = `${ROOT}/${source}/`
  const format = '--format=%(refname)%00%(objectname)%00%(contents)%00'
  const listing = await repository.git(['for-each-ref', '--sort=refname', format, folder])
  const texts = listing.split('\0')
  const found: SafetyRef[] = []
  for (let i = 0; i + 2 < texts.length; i += 3) {
    const [ref = '', commit = '', message = ''] = texts.slice(i, i + 3)
    found.push({ name: ref.trim().slice(folder.length), commit, message })
  }
  return found
}

/** A snapshot to be stored. */
export interface NewSafety {
  readonly source: string
  readonly name: string
  readonly message: string
  /** Path → bytes, or the id of a blob that git has already. */
  readonly files: ReadonlyMap<string, Buffer | string>
  /** Names of older snapshots that are deleted in the same step. */
  readonly dropped: readonly string[]
}

/** Stores a snapshot and returns the id of its commit. */
export async function storeSafety(repository: Repository, made: NewSafety): Promise<string> {
  const tree = await treeOf(repository, made.files)
  const commit = await repository.git(['commit-tree', tree], { input: made.message, environment: IDENTITY })
  const refs = [
    `create ${ROOT}/${made.source}/${made.name} ${commit}`,
    ...made.dropped.map((name) => `delete ${ROOT}/${made.source}/${name}`),
  ]
  await moveOwnRefs(repository, refs)
  return commit
}

async function treeOf(repository: Repository, files: NewSafety['files']): Promise<string> {
  const written = [...files].filter((entry): entry is [string, Buffer] => typeof entry[1] !== 'string')
  const ids = await writeBlobs(
    repository,
    written.map(([, bytes]) => bytes),
  )
  const all = new Map([...files].map(([file, content]) => [file, typeof content === 'string' ? content : undefined]))
  for (const [i, [file]] of written.entries()) all.set(file, ids[i])
  return storeTree(repository, undefined, all)
}

/** Deletes a snapshot whose apply was not carried out. */
export async function dropSafety(repository: Repository, source: string, name: string): Promise<void> {
  await moveOwnRefs(repository, [`delete ${ROOT}/${source}/${name}`])
}
