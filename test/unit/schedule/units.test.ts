import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { resolveSchedule } from '../../../src/config/schedule.ts'
import { cronBlock, withCronBlock } from '../../../src/schedule/cron.ts'
import { launchdUnits } from '../../../src/schedule/launchd.ts'
import { synologyScript } from '../../../src/schedule/synology.ts'
import { systemdUnits } from '../../../src/schedule/systemd.ts'
import type { Unit, UnitsInput } from '../../../src/schedule/units.ts'
import { windowsTasks } from '../../../src/schedule/windows.ts'

/** A folder with everything in its name that schedulers read as something else. */
async function input(): Promise<UnitsInput> {
  const root = await mkdtemp(path.join(tmpdir(), `tandem $HOME 100% "units" 'x' & <y> `))
  onTestFinished(() => rm(root, { recursive: true }))
  const jobs = resolveSchedule({ backup: '02:00', prune: 'Sun 03:00', drill: '1st 04:00', copy: '45m' }, { mirror: {} })
  return { root, jobs, program: [process.execPath, path.join(root, 'main.js')], searchPath: '/usr/bin:/bin' }
}

async function written(folder: string, units: readonly Unit[]): Promise<string[]> {
  for (const { name, content } of units) await writeFile(path.join(folder, name), content)
  return units.map(({ name }) => path.join(folder, name))
}

const run = promisify(execFile)

describe('units of systemd', () => {
  test('are taken by systemd-analyze without a word, as it ends with 0 for a misspelt key', async () => {
    const given = await input()
    const folder = await mkdtemp(path.join(tmpdir(), 'tandem-units-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const files = await written(folder, systemdUnits(given))
    expect(files).toHaveLength(14)
    const { stdout, stderr } = await run('systemd-analyze', ['verify', ...files], { timeout: 60_000 })
    expect(stdout + stderr).toBe('')
    await written(folder, [
      { name: 'wrong.service', content: '[Service]\nType=oneshot\nExecStrat=/bin/true\nExecStart=/bin/true\n' },
    ])
    expect((await run('systemd-analyze', ['verify', path.join(folder, 'wrong.service')])).stderr).toContain('ExecStrat')
  })

  test('catch up on what has a time of day', async () => {
    const timers = systemdUnits(await input()).filter(({ name }) => name.endsWith('.timer'))
    const timing = Object.fromEntries(timers.map(({ name, content }) => [name.split(/[-.]/).at(-2), content]))
    expect(timing['backup']).toContain('OnCalendar=*-*-* 02:00:00\nPersistent=true\n')
    expect(timing['prune']).toContain('OnCalendar=Sun *-*-* 03:00:00\nPersistent=true\n')
    expect(timing['drill']).toContain('OnCalendar=*-*-01 04:00:00\nPersistent=true\n')
    expect(timing['copy']).toContain('OnUnitActiveSec=2700s\n')
  })
})

describe('lines of crontab', () => {
  test('are taken by crontab, and reach the program as they were meant', async () => {
    const given = await input()
    const file = path.join(given.root, 'crontab')
    await writeFile(file, cronBlock(given))
    await run('crontab', ['-n', file], { timeout: 60_000 })
    await writeFile(
      path.join(given.root, 'main.js'),
      `require('fs').writeFileSync(__dirname + '/told', JSON.stringify(process.argv))`,
    )
    // what cron does: five words are the time, an escaped percent sign is one
    const line = cronBlock(given).split('\n')[1] ?? ''
    const command = line
      .split(' ')
      .slice(5)
      .join(' ')
      .replaceAll(String.raw`\%`, '%')
    await run('/bin/sh', ['-c', command], { timeout: 60_000 })
    const { stdout } = await run('cat', [path.join(given.root, 'told')])
    expect(JSON.parse(stdout).slice(2)).toEqual(['-C', given.root, 'schedule', 'run', '--quiet'])
  })

  test('stand beside those of the user, and go without a trace', async () => {
    const given = await input()
    const own = '# mine\n0 1 * * * true\n'
    const withBlock = withCronBlock(own, given.root, cronBlock(given))
    expect(withBlock).toBe(own + cronBlock(given))
    expect(withCronBlock(withBlock, given.root, cronBlock(given))).toBe(withBlock)
    expect(withCronBlock(withBlock, given.root, undefined)).toBe(own)
    expect(withCronBlock('', given.root, undefined)).toBe('')
  })
})

/** Microsoft's schema: the elements of a trigger come in this order. */
const TRIGGER = [
  'Enabled',
  'StartBoundary',
  'EndBoundary',
  'Repetition',
  'ExecutionTimeLimit',
  'ScheduleByDay',
  'ScheduleByWeek',
  'ScheduleByMonth',
]

describe('tasks of Windows', () => {
  test('have the elements of a trigger in the order of the schema', async () => {
    for (const { content } of windowsTasks(await input())) {
      const [, trigger = ''] = /<(?:Time|Calendar)Trigger>([\s\S]*)<\/(?:Time|Calendar)Trigger>/.exec(content) ?? []
      const elements = [...trigger.matchAll(/^ {6}<(\w+)>/gm)].map((match) => match[1] ?? '')
      expect(elements.length).toBeGreaterThan(2)
      expect(elements).toEqual(TRIGGER.filter((name) => elements.includes(name)))
    }
  })

  test('start later what was missed, on battery too, and nothing twice', async () => {
    for (const { content } of windowsTasks(await input()))
      for (const trait of [
        '<StartWhenAvailable>true</StartWhenAvailable>',
        '<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>',
        '<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>',
        '<MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>',
        '<ExecutionTimeLimit>PT',
      ])
        expect(content).toContain(trait)
  })

  test('hand every word on as it is', () => {
    const root = String.raw`E:\my "trading" folder\\`
    const [task] = windowsTasks({
      root,
      jobs: resolveSchedule({}, {}),
      program: [String.raw`C:\Program Files\node.exe`, 'm.js'],
      searchPath: '',
    })
    expect(task?.content).toContain(String.raw`<Command>C:\Program Files\node.exe</Command>`)
    expect(task?.content).toContain(String.raw`-C &quot;E:\my \&quot;trading\&quot; folder\\\\&quot; schedule run sync`)
  })
})

test('XML of launchd and Windows is well formed', async () => {
  const given = await input()
  const units = [...launchdUnits(given), ...windowsTasks(given)]
  expect(units).toHaveLength(14)
  const open = (text: string): string[] => {
    const stack: string[] = []
    for (const [, end, name = '', self] of text.replaceAll(/<[?!][^>]*>/g, '').matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g))
      if (end === '/') stack.splice(stack.lastIndexOf(name) === stack.length - 1 ? -1 : stack.length, 1)
      else if (self !== '/') stack.push(name)
    return stack
  }
  for (const { content } of units) {
    expect(open(content)).toEqual([])
    expect(content).not.toMatch(/&(?!amp;|lt;|gt;|quot;)/)
  }
})

test('the script for Synology is one that sh takes', async () => {
  const given = await input()
  const { name, content } = synologyScript(given)
  const file = path.join(given.root, name)
  await writeFile(file, content)
  await run('/bin/sh', ['-n', file])
  expect(content).toContain('schedule')
})
