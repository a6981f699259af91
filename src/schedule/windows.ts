/**
 * Tasks of the Windows Task Scheduler: one XML file for each job, for `schtasks /Create /XML`. The order of the elements is that of Microsoft's schema (triggerBaseType,
 * calendarTriggerType). What was missed is started later, battery or not; a run that is still at work is not started twice.
 */
import type { When } from '../config/when.ts'
import { LIMIT_MS, type Unit, type UnitsInput, unitsName, wordsOf } from './units.ts'
import { xmlText } from './xml.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

const MONTHS = 'January February March April May June July August September October November December'.split(' ')

export function windowsTasks(input: UnitsInput): readonly Unit[] {
  return [...input.jobs].map(([job, when]) => {
    const [command = '', ...args] = wordsOf(input, job)
    const lines = [
      '<?xml version="1.0" encoding="UTF-16"?>',
      '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
      '  <RegistrationInfo>',
      `    <Description>tandem ${job} of ${xmlText(input.root)}</Description>`,
      '  </RegistrationInfo>',
      '  <Triggers>',
      ...trigger(when).map((line) => `    ${line}`),
      '  </Triggers>',
      '  <Settings>',
      '    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>',
      '    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>',
      '    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>',
      '    <StartWhenAvailable>true</StartWhenAvailable>',
      '    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>',
      '    <Enabled>true</Enabled>',
      '    <Hidden>false</Hidden>',
      `    <ExecutionTimeLimit>PT${Math.round((LIMIT_MS[job] * 2 + 600_000) / 60_000)}M</ExecutionTimeLimit>`,
      '  </Settings>',
      '  <Actions>',
      '    <Exec>',
      `      <Command>${xmlText(command)}</Command>`,
      `      <Arguments>${xmlText(args.map(windowsWord).join(' '))}</Arguments>`,
      `      <WorkingDirectory>${xmlText(input.root)}</WorkingDirectory>`,
      '    </Exec>',
      '  </Actions>',
      '</Task>',
      '',
    ]
    return { name: `${unitsName(input.root)}-${job}.xml`, content: lines.join('\r\n') }
  })
}

/** As programs of Windows read their command line: quotes around, backslashes before a quote doubled. */
function windowsWord(word: string): string {
  if (/^[\w./:\\-]+$/.test(word)) return word
  return `"${word.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/(\\+)$/, '$1$1')}"`
}

/** A day long past, so that the first run is the next one. */
const START = '2026-01-01'

function trigger(when: When): string[] {
  const enabled = '  <Enabled>true</Enabled>'
  if (when.kind === 'every') {
    const boundary = `  <StartBoundary>${START}T00:00:00</StartBoundary>`
    const interval = `    <Interval>PT${when.everyMs / 60_000}M</Interval>`
    const repetition = [
      '  <Repetition>',
      interval,
      '    <StopAtDurationEnd>false</StopAtDurationEnd>',
      '  </Repetition>',
    ]
    return ['<TimeTrigger>', enabled, boundary, ...repetition, '</TimeTrigger>']
  }
  const time = `${String(when.hour).padStart(2, '0')}:${String(when.minute).padStart(2, '0')}:00`
  const boundary = `  <StartBoundary>${START}T${time}</StartBoundary>`
  return ['<CalendarTrigger>', enabled, boundary, ...days(when).map((line) => `  ${line}`), '</CalendarTrigger>']
}

function days(when: Exclude<When, { kind: 'every' }>): string[] {
  if (when.kind === 'daily') return ['<ScheduleByDay>', '  <DaysInterval>1</DaysInterval>', '</ScheduleByDay>']
  if (when.kind === 'weekly')
    return [
      '<ScheduleByWeek>',
      '  <WeeksInterval>1</WeeksInterval>',
      `  <DaysOfWeek><${DAYS[when.weekday]} /></DaysOfWeek>`,
      '</ScheduleByWeek>',
    ]
  return [
    '<ScheduleByMonth>',
    `  <DaysOfMonth><Day>${when.day}</Day></DaysOfMonth>`,
    `  <Months>${MONTHS.map((month) => `<${month} />`).join('')}</Months>`,
    '</ScheduleByMonth>',
  ]
}
