/** The word `notify` of a configuration: who is told of trouble. docs/health.md describes it. */
import { UsageError } from '../model/errors.ts'
import { parseTemplate, variableNames } from './template.ts'
import { type When, parseWhen } from './when.ts'

export interface EmailOptions {
  /** `smtp://user:${PASSWORD}@host:587` */
  readonly smtp: string
  readonly from: string
  readonly to: readonly string[]
}

export interface WebhookOptions {
  readonly url: string
  readonly kind: 'slack' | 'discord' | 'json'
}

/** As it is written. */
export interface NotifyOptions {
  readonly email?: EmailOptions
  readonly webhooks?: readonly WebhookOptions[]
  readonly weekly?: string | false
}

export interface NotifyConfig {
  readonly email: EmailOptions | undefined
  readonly webhooks: readonly WebhookOptions[]
  /** When everybody is told that all is well; undefined: never. */
  readonly weekly: Exclude<When, { kind: 'every' }> | undefined
}

/** `notify` with its defaults. @param where tells an option's place in the file @throws UsageError for a password in the file, or a webhook's secret address */
export function resolveNotify(
  options: NotifyOptions = {},
  where: (option: readonly string[]) => string = (option) => option.join('.'),
): NotifyConfig {
  const { email, webhooks = [], weekly = 'Mon 08:00' } = options
  if (email !== undefined) checkSmtp(email.smtp, where(['notify', 'email', 'smtp']))
  for (const [at, { url, kind }] of webhooks.entries()) {
    const place = where(['notify', 'webhooks', String(at), 'url'])
    if (kind !== 'json' && variableNames(parseTemplate(url, place)).length === 0)
      throw new UsageError(`${place}: whoever has this address may post there, so it is a secret`, {
        hint: 'Write ${NAME} and put the address into .env, which git ignores.',
      })
  }
  const when = weekly === false ? undefined : parseWhen(weekly)
  return { email, webhooks, weekly: when?.kind === 'every' ? undefined : when }
}

function checkSmtp(smtp: string, place: string): void {
  const [, password] = /^smtps?:\/\/[^:/@]*:([^@]*)@/.exec(smtp) ?? []
  const parts = parseTemplate(password ?? '', place)
  if (parts.every((part) => part.kind === 'variable' && !part.fallback)) return
  throw new UsageError(`${place}: there is a password in the file`, {
    hint: 'Write ${NAME} in its place and put NAME=… into .env, which git ignores.',
  })
}
