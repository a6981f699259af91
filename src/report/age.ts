/** How long something has lasted, in words. */
import { counted } from './counted.ts'

/** `just now`, `5 minutes`, `3 hours`, `2 days` for a duration in milliseconds, cut to the whole unit. */
export function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return counted(minutes, 'minute')
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return counted(hours, 'hour')
  return `${Math.floor(hours / 24)} days`
}
