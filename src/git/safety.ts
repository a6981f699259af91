/** Safety snapshots as git keeps them: a commit without parents under `refs/tandem/safety/<source>/<name>`, whose names sort by time. What stands in one is the operations' business. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { updateIndex } from './data-commit.ts'
import { writeBlobs } from './objects.ts'
import type { Repository } from './repository.ts'

const ROOT = 'refs/tandem/safety'

/** Signed by the tool, never by the user's key: nobody publishes these. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'tandem',
  GIT_AUTHOR_EMAIL: 'tandem@localhost',
  GIT_COMMITTER_NAME: 'tandem',
  GIT_COMMITTER_EMAIL: 'tandem@localhost',
}

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

export interface NewSafety {
  readonly source: string
  readonly name: string
  readonly message: string
  /** Path → bytes, or the id of a blob that is there already. */
  readonly files: ReadonlyMap<string, Buffer | string>
  /** Names of older snapshots that are given up in the same step. */
  readonly dropped: readonly string[]
}

/** Stores a snapshot; answers its commit. */
export async function storeSafety(repository: Repository, made: NewSafety): Promise<string> {
  const tree = await treeOf(repository, made.files)
  const commit = await repository.git(['commit-tree', tree], { input: made.message, environment: IDENTITY })
  const refs = [
    `create ${ROOT}/${made.source}/${made.name} ${commit}`,
    ...made.dropped.map((name) => `delete ${ROOT}/${made.source}/${name}`),
  ]
  await repository.git(['update-ref', '--stdin'], { input: refs.map((line) => `${line}\n`).join('') })
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
  const index = path.join(repository.commonDir, 'tandem', `index-${process.pid}`)
  const environment = { GIT_INDEX_FILE: index }
  try {
    await repository.git(['read-tree', '--empty'], { environment })
    await updateIndex(repository, all, environment)
    return await repository.git(['write-tree'], { environment })
  } finally {
    await rm(index, { force: true })
  }
}

/** Forgets a snapshot: what it was made for did not come about. */
export async function dropSafety(repository: Repository, source: string, name: string): Promise<void> {
  await repository.git(['update-ref', '-d', `${ROOT}/${source}/${name}`])
}
