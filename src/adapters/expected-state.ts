/** The check with which every engine finds out, before it writes, whether another run has written the tool's texts in the database since they were read. */
import type { StateChanges } from '../model/change.ts'

/** The name of the first text that is not what is expected (`undefined`: absent); undefined when all are. */
export function unexpectedText(state: ReadonlyMap<string, string>, expected: StateChanges): string | undefined {
  return [...expected.keys()].find((name) => state.get(name) !== expected.get(name))
}
