/** Property lists for launchd: one agent for each job. What was missed while the machine slept is started when it wakes. */
import type { When } from '../config/when.ts'
import { type Unit, type UnitsInput, unitsName, wordsOf } from './units.ts'
import { xmlText } from './xml.ts'

export function launchdUnits(input: UnitsInput): readonly Unit[] {
  return [...input.jobs].map(([job, when]) => {
    const label = `${unitsName(input.root)}.${job}`
    const words = wordsOf(input, job).map((word) => `    <string>${xmlText(word)}</string>`)
    const content = [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
      '<plist version="1.0">',
      '<dict>',
      `  <key>Label</key>\n  <string>${xmlText(label)}</string>`,
      `  <key>ProgramArguments</key>\n  <array>\n${words.join('\n')}\n  </array>`,
      `  <key>EnvironmentVariables</key>\n  <dict>\n    <key>PATH</key>\n    <string>${xmlText(input.searchPath)}</string>\n  </dict>`,
      `  <key>WorkingDirectory</key>\n  <string>${xmlText(input.root)}</string>`,
      '  <key>ProcessType</key>\n  <string>Background</string>',
      timing(when),
      '</dict>',
      '</plist>',
      '',
    ]
    return { name: `${label}.plist`, content: content.join('\n') }
  })
}

function timing(when: When): string {
  if (when.kind === 'every')
    return `  <key>StartInterval</key>\n  <integer>${when.everyMs / 1000}</integer>\n  <key>RunAtLoad</key>\n  <true/>`
  const { hour, minute } = when
  const parts: readonly (readonly [string, number])[] = [
    ...(when.kind === 'weekly' ? [['Weekday', when.weekday] as const] : []),
    ...(when.kind === 'monthly' ? [['Day', when.day] as const] : []),
    ['Hour', hour],
    ['Minute', minute],
  ]
  const lines = parts.map(([key, value]) => `    <key>${key}</key>\n    <integer>${value}</integer>`)
  return `  <key>StartCalendarInterval</key>\n  <dict>\n${lines.join('\n')}\n  </dict>`
}
