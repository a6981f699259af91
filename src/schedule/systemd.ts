/** Units of systemd: a service and a timer for each job. `Persistent` catches up on what was missed while the machine was off. */
import { WEEKDAYS, type When } from '../config/when.ts'
import { LIMIT_MS, type Unit, type UnitsInput, unitsName, wordsOf } from './units.ts'

/** Longer than the limit of the job itself, which ends it with a record. */
const MORE_MS = 600_000

export function systemdUnits(input: UnitsInput): readonly Unit[] {
  const name = unitsName(input.root)
  return [...input.jobs].flatMap(([job, when]) => {
    const service = [
      '[Unit]',
      `Description=tandem ${job} of ${specifiers(input.root)}`,
      '',
      '[Service]',
      'Type=oneshot',
      `WorkingDirectory=${specifiers(input.root)}`,
      `Environment=${quoted(`PATH=${input.searchPath}`)}`,
      // 1: done and found something; 6: another run is at work
      'SuccessExitStatus=1 6',
      `TimeoutStartSec=${Math.round((LIMIT_MS[job] * 2 + MORE_MS) / 1000)}`,
      'Nice=10',
      `ExecStart=${wordsOf(input, job).map(commandWord).join(' ')}`,
      '',
    ]
    const timer = [
      '[Unit]',
      `Description=tandem ${job} of ${specifiers(input.root)}, by its schedule`,
      '',
      '[Timer]',
      ...timing(when),
      '',
      '[Install]',
      'WantedBy=timers.target',
      '',
    ]
    return [
      { name: `${name}-${job}.service`, content: service.join('\n') },
      { name: `${name}-${job}.timer`, content: timer.join('\n') },
    ]
  })
}

function timing(when: When): string[] {
  if (when.kind === 'every') return ['OnActiveSec=1min', `OnUnitActiveSec=${when.everyMs / 1000}s`, 'AccuracySec=10s']
  const time = `${two(when.hour)}:${two(when.minute)}:00`
  const day =
    when.kind === 'monthly'
      ? `*-*-${two(when.day)}`
      : when.kind === 'weekly'
        ? `${WEEKDAYS[when.weekday]} *-*-*`
        : '*-*-*'
  return [`OnCalendar=${day} ${time}`, 'Persistent=true']
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** systemd reads `%h` and the like as specifiers. */
function specifiers(text: string): string {
  return text.replaceAll('%', '%%')
}

/** A word in double quotes (systemd.syntax(7)). */
function quoted(word: string): string {
  return `"${specifiers(word)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)}"`
}

/** A word of a command line, in which `$` begins a variable. */
function commandWord(word: string): string {
  return quoted(word).replaceAll('$', '$$$$')
}
