/** `tandem cleanup --keep N`: the word by which the script that this program replaced called `tandem backup prune`. */
import { type Command, DRY_RUN } from '../command.ts'

export const cleanupCommand: Command = {
  usage: 'cleanup',
  describe: 'Remove old backups: the same as tandem backup prune',
  options: {
    keep: { type: 'number', describe: 'Only the N newest stay', requiresArg: true },
    'dry-run': DRY_RUN,
  },
  examples: [['tandem cleanup --keep 10', 'the ten newest backups stay']],
  run: async (context) => (await import('./backup/prune.ts')).runPrune(context),
}
