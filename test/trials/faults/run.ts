/** Injects many faults into one operation, as many at once as its databases allow. */
import type { Fault } from './fault.ts'
import { trial, type Course, type Trial } from './trial.ts'

/** One trial for each fault; `onTrial` is told of each when it has ended. */
export async function injectAll(
  course: Course,
  faults: readonly Fault[],
  onTrial?: (done: Trial) => void,
): Promise<Trial[]> {
  const left = [...faults]
  const trials: Trial[] = []
  const worker = async (): Promise<void> => {
    for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
      const done = await trial(course, fault)
      trials.push(done)
      onTrial?.(done)
    }
  }
  await Promise.all(Array.from({ length: course.shelf.jobs }, worker))
  return trials
}
