/** Merges what somebody staged or changed below the exports into the live database, as if it were a commit on top of HEAD, before an export overwrites the files. */
import type { Consent } from '../model/consent.ts'
import { buildTree } from '../git/data-commit.ts'
import { operationInProgress } from '../git/head.ts'
import { GuardError } from '../model/errors.ts'
import { type InStep, bringInStep } from '../pull/bring-in-step.ts'
import type { Source } from '../source/source.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type ForeignFiles, foreignFiles } from './foreign.ts'
import { stageOwn } from './staged.ts'

interface TakeOptions {
  readonly head: string
  readonly consent: Consent
  /** Live, in step with HEAD. */
  readonly inStep: InStep
}

/** Answers what `inStep` and the foreign changes did together. @throws GuardError in the middle of a merge; DamagedError naming the file */
export async function takeForeign(workspace: Workspace, source: Source, options: TakeOptions): Promise<InStep> {
  const { inStep, head, consent } = options
  const files = await foreignFiles(workspace, head, source.source)
  if (files.size === 0) return inStep
  const operation = await operationInProgress(workspace.repository)
  if (operation !== undefined)
    throw new GuardError(`git is in the middle of ${operation}, which has changed exports`, {
      hint: 'Finish or abort it first.',
    })
  const taken = await bringInStep(workspace, source, { head: await asCommit(workspace, head, files), consent })
  const holds = new Map([...inStep.plan.holds, ...taken.plan.holds])
  await adopt(
    workspace,
    head,
    without(
      files,
      [...holds.keys()].map((name) => source.folder(name)),
    ),
  )
  const outcomes = [...inStep.plan.outcomes, ...taken.plan.outcomes]
  return {
    ...taken,
    plan: { ...taken.plan, outcomes, holds },
    report: taken.report ?? inStep.report,
    notes: [...inStep.notes, ...taken.notes],
  }
}

function without(files: ForeignFiles, folders: readonly string[]): ForeignFiles {
  return new Map([...files].filter(([file]) => !folders.some((folder) => file.startsWith(`${folder}/`))))
}

/** A commit that no branch holds. Equal changes give an equal commit, so that a killed run is taken up where it stopped and counters count once. */
async function asCommit(workspace: Workspace, head: string, files: ForeignFiles): Promise<string> {
  const { repository } = workspace
  const { tree } = await buildTree(repository, head, files)
  const date = await repository.git(['show', '--no-patch', '--format=%ct +0000', head])
  const [name, email] = ['tandem', 'tandem@localhost']
  const environment = {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  }
  return repository.git(['commit-tree', tree, '-p', head], { input: 'exports changed by hand\n', environment })
}

/** What live has taken is the tool's from now on: the next export writes over it. */
async function adopt(workspace: Workspace, head: string, files: ForeignFiles): Promise<void> {
  await stageOwn(workspace, { head, writes: files })
}
