/**
 * Where the configuration makes this machine send and write on its own: mail, webhooks, pings, the file of metrics. `tandem init` approves it in each clone, since whoever can push
 * could change it; until it is approved, nothing of it happens.
 */
import stringify from 'fast-json-stable-stringify'
import { approvalHash } from '../config/trust.ts'
import { redactUrl } from '../config/redact.ts'
import { fillTemplate, parseTemplate } from '../config/template.ts'
import { lookUp } from '../config/source-url.ts'
import { setSetting } from '../git/settings.ts'
import { UsageError } from '../model/errors.ts'
import type { Workspace } from './workspace.ts'

/** What is approved: the texts of the configuration, in which secrets are only named. Undefined: nothing goes outward. */
function outwardText({ config: { health, notify } }: Workspace): string | undefined {
  const { metrics, ping } = health
  const { email, webhooks } = notify
  const isNone = metrics === undefined && email === undefined && webhooks.length === 0 && Object.keys(ping).length === 0
  return isNone ? undefined : stringify({ metrics, ping, email, webhooks })
}

/** True when all that the configuration sends and writes elsewhere is approved in this clone. */
export function isOutwardApproved(workspace: Workspace): boolean {
  const text = outwardText(workspace)
  return text === undefined || workspace.settings.get('outward') === approvalHash(text)
}

/** Approves it. Answers in words where things go. Only `init` calls this. */
export async function approveOutward(workspace: Workspace): Promise<string[]> {
  const text = outwardText(workspace)
  if (text === undefined || isOutwardApproved(workspace)) return []
  await setSetting(workspace.repository, 'outward', approvalHash(text))
  const { health, notify } = workspace.config
  return [
    ...(notify.email === undefined
      ? []
      : [`notifications go by mail to ${notify.email.to.join(', ')} (${redactUrl(notify.email.smtp)})`]),
    ...notify.webhooks.map(({ url, kind }) => `notifications go to ${redactUrl(url)} (${kind})`),
    ...Object.entries(health.ping).map(([job, url]) => `each run of ${job} is told to ${redactUrl(url)}`),
    ...(health.metrics === undefined ? [] : [`health writes ${health.metrics}`]),
  ]
}

/**
 * An option with its variables filled in, from the environment or `.env`.
 * @throws UsageError when a variable is not set
 */
export function filledOption({ lookups }: Workspace, template: string, where: string): string {
  return fillTemplate(parseTemplate(template, where), ({ name, fallback }) => {
    const value = lookUp(name, lookups) ?? fallback
    if (value !== undefined) return value
    throw new UsageError(`${where}: the variable ${name} is not set`, {
      hint: `Put ${name}=… into .env at the repository root (git-ignored) or into the environment.`,
    })
  })
}
