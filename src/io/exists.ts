/** Whether a file exists. */
import { access } from 'node:fs/promises'

/** True when there is a file or folder at the path; false for a symbolic link that leads nowhere. */
export async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}
