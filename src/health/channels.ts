/** The ways to people: mail over SMTP, and messages posted to Slack, Discord or any address. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EmailOptions, WebhookOptions } from '../config/notify.ts'
import { TandemError, UnreachableError } from '../model/errors.ts'
import { filledOption } from '../workspace/outward.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Message } from './incidents.ts'

export interface Channel {
  /** Stable: `email`, `webhook 1 (slack)`. */
  readonly name: string
  /** @throws UnreachableError, UsageError for a variable that is not set; the message holds no secret */
  readonly send: (message: Message) => Promise<void>
}

const LIMIT_MS = 20_000

const TRIES = 3

/** The channels of the configuration. */
export function channelsOf(workspace: Workspace): readonly Channel[] {
  const { email, webhooks } = workspace.config.notify
  return [
    ...(email === undefined
      ? []
      : [{ name: 'email', send: (message: Message) => sendMail(workspace, email, message) }]),
    ...webhooks.map((webhook, at) => {
      const name = `webhook ${at + 1} (${webhook.kind})`
      return { name, send: (message: Message) => post(workspace, { name, webhook, message }) }
    }),
  ]
}

/** A server that accepts the connection and then says nothing is given up after each of the three limits; one alone does not end it. */
async function sendMail(workspace: Workspace, { smtp, from, to }: EmailOptions, message: Message): Promise<void> {
  const { createTransport } = await import('nodemailer')
  const address = filledOption(workspace, smtp, 'notify.email.smtp')
  const { protocol, hostname, port, username, password } = new URL(address)
  const isSecure = protocol === 'smtps:'
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 465 : 587) : Number(port),
    secure: isSecure,
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: LIMIT_MS,
    greetingTimeout: LIMIT_MS,
    socketTimeout: LIMIT_MS,
  })
  try {
    await transport.sendMail({ from, to: [...to], subject: message.subject, text: `${message.lines.join('\n')}\n` })
  } catch (error) {
    throw new UnreachableError(`email: ${withoutSecret((error as Error).message, address)}`, {
      hint: 'Check notify.email of tandem.config.json and the password in .env, then: tandem notify test',
    })
  } finally {
    transport.close()
  }
}

interface Posting {
  readonly name: string
  readonly webhook: WebhookOptions
  readonly message: Message
}

async function post(workspace: Workspace, { name, webhook, message }: Posting): Promise<void> {
  const address = filledOption(workspace, webhook.url, `notify, ${name}`)
  const body = JSON.stringify(bodyOf(webhook.kind, message, workspace.asset))
  for (let tries = 1; ; tries++) {
    const problem = await postOnce(address, body)
    if (problem === undefined) return
    if (tries >= TRIES || problem.isFinal)
      throw new UnreachableError(`${name}: ${withoutSecret(problem.words, address)}`, {
        hint: 'Check its address (in .env), then: tandem notify test',
      })
    await sleep(1_000 * 2 ** (tries - 1))
  }
}

/** undefined: it was taken. A server that refuses what it understood is not asked again, unless it was asked too often. */
async function postOnce(
  address: string,
  body: string,
): Promise<{ readonly words: string; readonly isFinal: boolean } | undefined> {
  try {
    const headers = { 'content-type': 'application/json' }
    const signal = AbortSignal.timeout(LIMIT_MS)
    const answer = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'error' })
    await answer.arrayBuffer()
    if (answer.ok) return undefined
    return { words: `status ${answer.status}`, isFinal: answer.status < 500 && answer.status !== 429 }
  } catch (error) {
    const { message, cause } = error as Error
    return { words: cause instanceof Error ? cause.message : message, isFinal: false }
  }
}

/** Discord takes 2,000 characters. */
const DISCORD_MOST = 1_900

function bodyOf(kind: WebhookOptions['kind'], message: Message, asset: string): object {
  const text = [message.subject, ...message.lines].join('\n')
  if (kind === 'slack') return { text }
  // no name in it calls anybody
  if (kind === 'discord') return { content: text.slice(0, DISCORD_MOST), allowed_mentions: { parse: [] } }
  return { version: 1, asset, subject: message.subject, text: message.lines.join('\n'), incidents: message.incidents }
}

/** The text without the address, which is a secret, and without the password in it. */
function withoutSecret(text: string, address: string): string {
  const password = /^[a-z]+:\/\/[^:/@]*:([^@]*)@/.exec(address)?.[1] ?? ''
  const plain = text.replaceAll(address, '***')
  return password === '' ? plain : plain.replaceAll(decodeURIComponent(password), '***').replaceAll(password, '***')
}

/** Why a channel did not take a message, in words. */
export function failureWords(error: unknown): string {
  return error instanceof TandemError ? error.message : 'unexpected: it could not be sent'
}
