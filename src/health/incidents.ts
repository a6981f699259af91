/**
 * Incidents: what was found wrong, and whom it was told. What is so (observed) and what each channel knows (delivered) are kept apart, so that nobody is told twice, and a message
 * that was lost is sent again. Pure.
 */

export interface Incident {
  /** The name of the check: `job: backup`. */
  readonly id: string
  readonly message: string
  readonly next: string | undefined
  /** ISO 8601. */
  readonly since: string
  readonly observed: 'open' | 'over'
  /** ISO 8601; undefined while it is open. */
  readonly until: string | undefined
  /** Channel → what it was told last. */
  readonly delivered: Readonly<Record<string, Incident['observed']>>
}

/** Something wrong, as it was found now. */
export interface Trouble {
  readonly id: string
  readonly message: string
  readonly next: string | undefined
}

/** What somebody looked at: the troubles found, and about which ids the look says anything. */
export interface Observation {
  readonly at: string
  readonly troubles: readonly Trouble[]
  readonly judges: (id: string) => boolean
}

/** The incidents after a look: new ones are open, those that were judged and not found any more are over. */
export function observe(incidents: readonly Incident[], { at, troubles, judges }: Observation): readonly Incident[] {
  const found = new Map(troubles.map((trouble) => [trouble.id, trouble]))
  const known = incidents.map((incident): Incident => {
    const trouble = found.get(incident.id)
    if (trouble !== undefined && incident.observed === 'open') return { ...incident, ...trouble }
    // it came back before all knew that it was over: the same incident goes on
    if (trouble !== undefined) return { ...incident, ...trouble, observed: 'open', until: undefined }
    if (incident.observed === 'over' || !judges(incident.id)) return incident
    return { ...incident, observed: 'over', until: at }
  })
  const news = troubles
    .filter(({ id }) => !incidents.some((incident) => incident.id === id))
    .map((trouble): Incident => ({ ...trouble, since: at, observed: 'open', until: undefined, delivered: {} }))
  return [...known, ...news]
}

/** What a channel has to be told. */
export function undelivered(incidents: readonly Incident[], channel: string): readonly Incident[] {
  return incidents.filter(({ delivered, observed }) => delivered[channel] !== observed)
}

/** The incidents after a channel was told of some. */
export function deliver(
  incidents: readonly Incident[],
  channel: string,
  told: readonly Incident[],
): readonly Incident[] {
  const ids = new Set(told.map(({ id }) => id))
  return incidents.map((incident) =>
    ids.has(incident.id)
      ? { ...incident, delivered: { ...incident.delivered, [channel]: incident.observed } }
      : incident,
  )
}

/** Without those that are over and known to be so by every channel. */
export function withoutSettled(incidents: readonly Incident[], channels: readonly string[]): readonly Incident[] {
  return incidents.filter(
    ({ observed, delivered }) => observed === 'open' || channels.some((channel) => delivered[channel] !== 'over'),
  )
}

/** A message for people. */
export interface Message {
  readonly subject: string
  readonly lines: readonly string[]
  /** For programs. */
  readonly incidents: readonly Incident[]
}

/** The message that tells of incidents that began or ended. @param asset the machine that tells */
export function incidentMessage(asset: string, told: readonly Incident[]): Message {
  const open = told.filter(({ observed }) => observed === 'open')
  const over = told.filter(({ observed }) => observed === 'over')
  const first = (open[0] ?? over[0]) as Incident
  const more = told.length > 1 ? ` and ${told.length - 1} more` : ''
  const subject = `tandem on ${asset}: ${first.id} ${open.length > 0 ? 'is in trouble' : 'is well again'}${more}`
  return {
    subject,
    lines: [
      ...open.flatMap(({ id, message, next, since }) => [
        `TROUBLE ${id}: ${message}`,
        ...(next === undefined ? [] : [`  ${next}`]),
        `  since ${since}`,
      ]),
      ...over.map(({ id, since, until }) => `WELL AGAIN ${id}: from ${since} to ${until ?? ''}`),
    ],
    incidents: told,
  }
}

/** The weekly message, so that silence is never taken for success. */
export function weeklyMessage(asset: string, incidents: readonly Incident[]): Message {
  const open = incidents.filter(({ observed }) => observed === 'open')
  if (open.length === 0)
    return {
      subject: `tandem on ${asset}: all is well`,
      lines: ['This comes once a week. When it does not come, look after that machine: tandem health'],
      incidents: [],
    }
  return { ...incidentMessage(asset, open), subject: `tandem on ${asset}: still in trouble (${open.length})` }
}
