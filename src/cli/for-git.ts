/** What git starts: hooks and the merge driver. Their words are fixed, so yargs is not needed; and they are bundled apart from the commands of people, so that one file is all that a hook loads. */
import { hashing } from '../model/hasher-later.ts'
import { hookCommand } from './commands/git/hook.ts'
import { type Surroundings, runCommand } from './run-command.ts'

/** Runs `hook NAME …` or `merge-driver BASE OURS THEIRS SIZE PATH`, and returns the exit code. */
export async function runForGit([command, ...words]: readonly string[], around: Surroundings): Promise<number> {
  await hashing
  if (command === 'hook') return runCommand(hookCommand, { name: words[0], arguments: words.slice(1) }, around)
  const { mergeDriverCommand } = await import('./commands/git/merge-driver.ts')
  const [base, ours, theirs, size, path] = words
  return runCommand(mergeDriverCommand, { base, ours, theirs, size, path }, around)
}
