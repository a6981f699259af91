/** `tandem mirror`: a folder on a second drive that holds the same as the work tree. Its words are in mirror/. */
import { type Command, type CommandContext, DRY_RUN, textOf } from '../command.ts'

/** Word → how to load what it does. */
const WORDS: Readonly<Record<string, () => Promise<(context: CommandContext) => Promise<number>>>> = {
  run: async () => (await import('./mirror/run.ts')).runRun,
  init: async () => (await import('./mirror/init.ts')).runMirrorInit,
  status: async () => (await import('./mirror/run.ts')).runMirrorStatus,
  verify: async () => (await import('./mirror/look.ts')).runMirrorVerify,
  resolve: async () => (await import('./mirror/run.ts')).runMirrorResolve,
  versions: async () => (await import('./mirror/look.ts')).runVersions,
  log: async () => (await import('./mirror/look.ts')).runMirrorLog,
}

export const mirrorCommand: Command = {
  usage: 'mirror [action] [path]',
  describe: 'Keep a folder on a second drive alike with the work tree',
  positionals: {
    action: {
      type: 'string',
      choices: Object.keys(WORDS),
      default: 'run',
      describe:
        'run once; init makes the pair, and unites both sides; status tells what a run would do and which conflicts wait; verify reads every byte; resolve ends a conflict; versions lists former states; log tells what happened to a path',
    },
    path: { type: 'string', describe: 'resolve, log: the file or folder, from the root' },
  },
  options: {
    prefer: {
      choices: ['primary', 'mirror'],
      describe: 'run: the side that keeps the name where both changed a file; else the newest',
    },
    keep: {
      choices: ['current', 'saved', 'primary', 'mirror'],
      describe: 'resolve: the file that has the name now, the one saved beside it, or that of a side',
    },
    'allow-deletes': { type: 'number', describe: 'run: at most N files may go to the trash, once', requiresArg: true },
    'after-commit': { type: 'boolean', describe: 'run: as the post-commit hook starts it', hidden: true },
    trigger: { type: 'string', describe: 'run: what started it, for the record; default: user', requiresArg: true },
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem mirror init', 'once in each clone: makes the pair'],
    ['tandem mirror run', 'what changed on either side goes to the other'],
    ['tandem mirror verify', 'both sides and all versions, read to the last byte'],
    ['tandem mirror log config/app.json', 'when, why and from which side each change came'],
    ['tandem mirror resolve notes.txt --keep saved', 'the other one of a conflict gets the name'],
  ],
  run: async (context) => {
    const load = WORDS[textOf(context.args, 'action') ?? 'run'] as (typeof WORDS)[string]
    return (await load())(context)
  },
}
