/** One thing that `tandem health` looked at, with the words for its outcome. */

export interface HealthCheck {
  /** Stable: incidents go by it. `disk: primary`, `job: backup`. */
  readonly name: string
  /** `warn`: worth a look; `fail`: an alarm, of which somebody is told. */
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** The next command. */
  readonly next: string | undefined
  /** True when a database, a remote or a drive does not answer. */
  readonly isUnreachable: boolean
}

export function well(name: string, message: string): HealthCheck {
  return { name, status: 'ok', message, next: undefined, isUnreachable: false }
}

export function lookAt(name: string, message: string, next: string): HealthCheck {
  return { name, status: 'warn', message, next, isUnreachable: false }
}

export function alarm(name: string, message: string, next: string): HealthCheck {
  return { name, status: 'fail', message, next, isUnreachable: false }
}

export function unreachable(name: string, message: string, next: string): HealthCheck {
  return { name, status: 'fail', message, next, isUnreachable: true }
}
