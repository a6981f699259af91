import { expect, test } from 'vitest'
import { fromSeedConfig } from '../../../../src/operations/init/seed-config.ts'
import { usageError } from '../../config/support.ts'

test('the configuration of the former scripts is taken over as it is', () => {
  const text = String.raw`{
  "primary": "E:\\trading-platform-api",
  "backup": "D:\\trading-platform-api",
  "sync_interval": 300,
  "auto_backup": true,
  "backup_on_change": true,
  "keep_versions": 10,
  "log_file": "sync_logs.txt"
}`
  const { words, notes } = fromSeedConfig(text, '.sync_config.json')
  expect(words).toEqual({
    mirror: { to: 'D:/trading-platform-api', keepVersions: 10 },
    backup: { keep: { last: 10 }, onSync: true },
    schedule: { sync: '5m', mirror: '5m' },
  })
  expect(notes.join('\n')).toMatch(/primary E:.*\n.*tandem logs/)
})

test('what has no word here is named, and a wrong form is refused', () => {
  const { words, notes } = fromSeedConfig('{"retention_days": 30, "colour": "red"}', '.backup_config.json')
  expect(words).toEqual({ backup: { keep: { daily: 30 } } })
  expect(notes).toEqual(['not taken over, since it has no word here: colour'])
  for (const wrong of ['', '[]', '{}', '{"sync_interval": "often"}'])
    expect(usageError(() => fromSeedConfig(wrong, 'x.json')).message).toMatch(/^--from x\.json: /)
})
