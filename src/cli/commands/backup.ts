/** `tandem backup`: recovery points over all sources. Its words are in backup/, a file for each group of them. */
import type { Command, CommandContext } from '../command.ts'
import { DRY_RUN, ONLY, textOf } from '../command.ts'

/** Word → how to load what it does. */
const WORDS: Readonly<Record<string, () => Promise<(context: CommandContext) => Promise<number>>>> = {
  create: async () => (await import('./backup/create.ts')).runCreate,
  list: async () => (await import('./backup/look.ts')).runList,
  show: async () => (await import('./backup/look.ts')).runShow,
  check: async () => (await import('./backup/look.ts')).runCheck,
  restore: async () => (await import('./backup/restore.ts')).runRestoreBackup,
  drill: async () => (await import('./backup/drill.ts')).runDrill,
  estimate: async () => (await import('./backup/estimate.ts')).runEstimate,
  files: async () => (await import('./backup/files.ts')).runFiles,
  copy: async () => (await import('./backup/copy.ts')).runCopy,
  prune: async () => (await import('./backup/prune.ts')).runPrune,
  accept: async () => (await import('./backup/prune.ts')).runAccept,
  approve: async () => (await import('./backup/create.ts')).runApprove,
}

export const backupCommand: Command = {
  usage: 'backup [action] [archives..]',
  describe: 'Backups of all databases: make, check, restore and thin them out',
  positionals: {
    action: {
      type: 'string',
      choices: Object.keys(WORDS),
      default: 'create',
      describe:
        'create an archive; list them; show what is in one; check that it can be relied on; restore it; drill losing everything; estimate the room they take; keep versions of configuration files; copy them to second places; prune what no policy keeps; accept a suspicious one; approve the configuration of backups in this clone',
    },
    archives: {
      type: 'string',
      array: true,
      describe: 'Which ones: YYYYMMDD_HHMMSS, a file name, or latest; of drill: scenes',
    },
  },
  options: {
    only: ONLY,
    from: { type: 'string', describe: 'A folder of backups, in place of the configured one', requiresArg: true },
    to: {
      type: 'string',
      array: true,
      describe: 'restore: NAME=URL, the database to restore into, in place of the configured one',
      requiresArg: true,
    },
    identity: {
      type: 'string',
      describe: 'File with the age identity that reads encrypted archives',
      requiresArg: true,
    },
    trigger: {
      type: 'string',
      default: 'manual',
      describe: 'create: what started it; part of the name',
      requiresArg: true,
    },
    always: { type: 'boolean', describe: 'create: write an archive also where nothing changed' },
    prove: { type: 'boolean', describe: 'create, check: restore it into a scratch database and compare' },
    sound: { type: 'boolean', describe: 'check: only the digest of the file, without reading it' },
    all: { type: 'boolean', describe: 'check: every archive' },
    copy: {
      type: 'boolean',
      default: true,
      describe: 'create: make second copies at once (--no-copy: leave them to tandem backup copy)',
    },
    every: { type: 'string', describe: 'estimate: the time between two backups; default 1d', requiresArg: true },
    repair: { type: 'boolean', describe: 'files: replaces one that cannot be read by its last good version' },
    keep: {
      type: 'number',
      describe: 'prune: only the N newest stay, in place of the configured policy',
      requiresArg: true,
    },
    damaged: { type: 'boolean', describe: 'prune: damaged archives go, too' },
    'in-place': { type: 'boolean', describe: 'restore: the records alone, into the database as it is' },
    disconnect: { type: 'boolean', describe: 'restore: end the sessions of others in PostgreSQL' },
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem backup', 'one archive of all sources'],
    ['tandem backup list', 'which there are, how old, and how far each was checked'],
    ['tandem backup check --prove', 'restores the newest into a scratch database and compares every record'],
    ['tandem backup restore 20261201_021500', 'asks, saves what is there, then restores'],
    ['tandem backup restore --from /mnt/usb --to app=sqlite:/data/app.db', 'with nothing but the folder'],
  ],
  run: async (context) => {
    const load = WORDS[textOf(context.args, 'action') ?? 'create'] as (typeof WORDS)[string]
    return (await load())(context)
  },
}
