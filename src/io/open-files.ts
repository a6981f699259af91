/** Which processes have a file open: replacing a database file under a program that has it open would make that program write into a file that is gone. */
import { readdir, readlink } from 'node:fs/promises'

/** The ids of other processes that have one of these files open, as /proc tells (proc(5)); empty where there is no /proc. Processes of other users are seen only by root. */
export async function processesHolding(files: readonly string[]): Promise<readonly number[]> {
  const wanted = new Set(files)
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number)
  const holding: number[] = []
  for (const pid of ids) if (pid !== process.pid && (await holdsAny(pid, wanted))) holding.push(pid)
  return holding
}

async function holdsAny(pid: number, wanted: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  for (const name of await readdir(folder).catch(() => [])) {
    const target = await readlink(`${folder}/${name}`).catch(() => '')
    if (wanted.has(target)) return true
  }
  return false
}
