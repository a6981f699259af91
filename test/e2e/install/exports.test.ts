/** What git is told about the exports folder: the merge driver in real merges, attributes, ignore rules. */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exportsProblems, writeAttributes } from '../../../src/git/install/attributes.ts'
import { filterAbove } from '../../../src/git/install/filters.ts'
import { hasDriver, registerDriver, unregisterDriver } from '../../../src/git/install/driver.ts'
import { mendPrettierignore, unmendPrettierignore } from '../../../src/git/install/prettierignore.ts'
import { shellQuote } from '../../../src/git/install/shell-words.ts'
import { hookedRepository, PROJECT, type HookedRepository, type Result } from '../../support/hooked-repository.ts'

let repo: HookedRepository

beforeEach(async () => {
  repo = await hookedRepository()
})

afterEach(() => repo.close())

const RECORDS = 'exports/app/odd name/records.jsonl'
const header = (layout: string): string => `{"format":1,"layout":"${layout}"}`
const records = (layout: string, ...lines: readonly string[]): string => [header(layout), ...lines, ''].join('\n')

/** Branch `theirs` changes a file one way, `main` another; answers what merging them gives. */
async function mergeOf(file: string, base: string, ours: string, theirs: string): Promise<Result> {
  await repo.commit(file, base)
  await repo.git('checkout', '-q', '-b', 'theirs')
  await repo.commit(file, theirs)
  await repo.git('checkout', '-q', 'main')
  await repo.commit(file, ours)
  return repo.run('git', ['merge', '-q', '-m', 'merged', 'theirs'])
}

describe('the merge driver', () => {
  beforeEach(async () => {
    await registerDriver(repo.repository)
    await writeAttributes(repo.repository, 'exports')
    await repo.git('add', 'exports')
    await repo.git('commit', '-q', '-m', 'attributes')
  })

  const base = records('single', '1', '2', '3', '4', '5', '6')
  const ours = records('single', '1', '2 ours', '3', '4', '5', '6')
  const theirs = records('single', '1', '2', '3', '4', '5 theirs', '6')
  const rival = records('single', '1', '2 theirs', '3', '4', '5', '6')

  /** Makes a real program the driver's; it gets git's words and decides. */
  async function program(lines: string): Promise<void> {
    const file = await repo.write('../driver', `#!/bin/sh\n${lines}\n`, 0o755)
    await repo.git('config', 'tandem.command', shellQuote(file))
  }

  test('merges far lines as text, without starting the program', async () => {
    expect((await mergeOf(RECORDS, base, ours, theirs)).code).toBe(0)
    expect(await repo.read(RECORDS)).toBe(records('single', '1', '2 ours', '3', '4', '5 theirs', '6'))
    expect(await repo.calls()).toBe('')
    expect((await readdir(repo.root)).filter((name) => name.startsWith('.merge'))).toEqual([])
  })

  test('hands a conflict to the program with git’s words, and takes its answer', async () => {
    await program(
      `printf '%s|' "$1" "$5" "$6" >'${repo.folder}/calls'; cat "$2" "$4" >>'${repo.folder}/calls'; echo merged >"$3"`,
    )
    const merge = await mergeOf(RECORDS, base, ours, rival)
    expect(merge).toMatchObject({ code: 0, stderr: '' })
    expect(await repo.calls()).toBe(`merge-driver|7|${RECORDS}|${base}${rival}`)
    expect(await repo.read(RECORDS)).toBe('merged\n')
  })

  test('a conflict that the program leaves open is a conflict for git', async () => {
    await program('echo half >"$3"; exit 1')
    expect((await mergeOf(RECORDS, base, ours, rival)).code).toBe(1)
    expect(await repo.git('ls-files', '-u', '--format=%(stage)')).toBe('1\n2\n3')
    expect(await repo.read(RECORDS)).toBe('half\n')
  })

  test.each([
    ['without a program', 'unset'],
    ['with a program that is killed', 'kill -9 $$'],
  ])('%s a conflict keeps both sides between markers, and says what to run', async (_, lines) => {
    if (lines === 'unset') await repo.git('config', '--unset', 'tandem.command')
    else await program(lines)
    const merge = await mergeOf(RECORDS, base, ours, rival)
    expect(merge.code).toBe(1)
    expect(merge.stderr).toContain(`tandem: ${RECORDS} merged as text only, with a conflict: run 'tandem resolve'`)
    expect(await repo.read(RECORDS)).toMatch(/<<<<<<< ours\n2 ours\n=======\n2 theirs\n>>>>>>> theirs/)
  })

  test('sides in different layouts are never merged as text, clean or not', async () => {
    const relaid = records('hash', '1', '2', '3', '4', '5 theirs', '6')
    await repo.git('config', '--unset', 'tandem.command')
    expect((await mergeOf(RECORDS, base, ours, relaid)).code).toBe(1)
    await repo.git('merge', '--abort')
    await program('exit 0')
    expect((await repo.run('git', ['merge', '-q', '-m', 'merged', 'theirs'])).code).toBe(0)
    expect(await repo.read(RECORDS)).toBe(ours)
  })

  test('collection.json always goes to the program, a report never', async () => {
    await program(`echo "$6" >>'${repo.folder}/calls'; exit 1`)
    const text = (a: string, b: string): string => `{\n${a}\n1\n2\n3\n4\n${b}\n}\n`
    const file = 'exports/app/reports/collection.json'
    expect((await mergeOf(file, text('a', 'b'), text('ours', 'b'), text('a', 'theirs'))).code).toBe(1)
    expect(await repo.calls()).toBe(`${file}\n`)
    await repo.git('merge', '--abort')
    await repo.git('branch', '-D', 'theirs')
    const report = 'exports/reports/2026-01/one.json'
    expect((await mergeOf(report, text('a', 'b'), text('ours', 'b'), text('a', 'theirs'))).code).toBe(0)
    expect(await repo.calls()).toBe('')
    expect(await repo.read(report)).toBe(text('ours', 'theirs'))
  })

  test('both sides adding one file under one header is the program’s to decide', async () => {
    await program('printf "%s" "$(wc -c <"$2")" >"$3"')
    await repo.git('checkout', '-q', '-b', 'theirs')
    await repo.commit(RECORDS, theirs)
    await repo.git('checkout', '-q', 'main')
    await repo.commit(RECORDS, ours)
    expect((await repo.run('git', ['merge', '-q', '-m', 'merged', 'theirs'])).code).toBe(0)
    expect((await repo.read(RECORDS)).trim()).toBe('0')
  })

  test('works in a linked work tree, after the repository moved, and as plain text once its script is gone', async () => {
    await program('echo merged >"$3"')
    await mergeOf(RECORDS, base, ours, rival)
    await repo.git('reset', '-q', '--hard', 'HEAD^')
    const linked = path.join(repo.folder, 'linked')
    await repo.git('worktree', 'add', '-q', '-b', 'side', linked)
    const merge = (cwd: string): Promise<Result> => repo.run('git', ['merge', '-q', '-m', 'm', 'theirs'], { cwd })
    expect((await merge(linked)).code).toBe(0)
    expect(await readFile(path.join(linked, RECORDS), 'utf8')).toBe('merged\n')
    const moved = path.join(repo.folder, 'moved')
    await repo.run('mv', [repo.root, moved], { cwd: repo.folder })
    expect((await merge(moved)).code).toBe(0)
    const inMoved = (...args: readonly string[]): Promise<Result> => repo.run('git', args, { cwd: moved })
    await inMoved('reset', '-q', '--hard', 'HEAD^')
    await repo.run('rm', ['-r', '.git/tandem'], { cwd: moved })
    expect((await merge(moved)).code).toBe(1)
    expect(await readFile(path.join(moved, RECORDS), 'utf8')).toContain('<<<<<<<')
  })

  test('is registered once, and unregistered without a trace', async () => {
    await registerDriver(repo.repository)
    expect(await hasDriver(repo.repository)).toBe(true)
    await unregisterDriver(repo.repository)
    await unregisterDriver(repo.repository)
    expect(await hasDriver(repo.repository)).toBe(false)
    expect(await repo.read('.git/config')).not.toContain('tandem"')
  })
})

describe('the exports folder', () => {
  const folder = (): string => path.join(repo.root, 'exports')

  test('gets its attributes once, beside exports, reports and quarantined records', async () => {
    await repo.write('exports/app/users/collection.json', '')
    await repo.write('exports/app/users/3f.jsonl', '')
    await repo.write('exports/reports/2026-01/a.md', '')
    await repo.write('exports/quarantine/app/users.jsonl', '')
    expect(await writeAttributes(repo.repository, 'exports')).toBe(true)
    expect(await repo.read('exports/.gitattributes')).toBe('* -text -ident -filter merge=tandem linguist-generated\n')
    expect(await writeAttributes(repo.repository, 'exports')).toBe(false)
    expect(await readFile(path.join(PROJECT, 'templates/exports.gitattributes'), 'utf8')).toBe(
      await repo.read('exports/.gitattributes'),
    )
  })

  test('is refused, with five of the names, when it holds what no export wrote', async () => {
    for (const name of ['a.csv', 'app/b.csv', 'app/users/c.csv', 'app/users/deep/d.jsonl', 'reports/e.md', 'f'])
      await repo.write(`exports/${name}`, '')
    await expect(writeAttributes(repo.repository, 'exports')).rejects.toMatchObject({
      exitCode: 2,
      message: `${folder()} holds files that are no exports: a.csv, app/b.csv, app/users/c.csv, app/users/deep/d.jsonl, f and 1 more`,
    })
    expect(await readdir(folder())).not.toContain('.gitattributes')
  })

  test('is refused when its .gitattributes is somebody else’s', async () => {
    await repo.write('exports/.gitattributes', '*.csv text\n')
    await expect(writeAttributes(repo.repository, 'exports')).rejects.toThrow(/no exports: \.gitattributes/)
    expect(await repo.read('exports/.gitattributes')).toBe('*.csv text\n')
  })

  test('has no problems as it is written, whatever the attributes above it', async () => {
    await writeAttributes(repo.repository, 'exports')
    await repo.write('.gitattributes', '* text=auto eol=crlf ident\n*.jsonl filter=lfs merge=lfs\n')
    expect(await exportsProblems(repo.repository, 'exports')).toEqual([])
  })

  test.each([
    ['* filter=git-crypt diff=git-crypt\n', 'git-crypt'],
    ['exports/** filter=crypt\n', 'crypt'],
    ['*.jsonl filter=sops\n', 'sops'],
    ['* filter=git-crypt\nexports/** -filter\n', undefined],
    ['* filter=git-crypt\nexports/** !filter\n', undefined],
    ['secrets/** filter=git-crypt\n', undefined],
    ['* filter=lfs\n', undefined],
  ])('whose .gitattributes would be %j but for ours has the filter %s', async (text, filter) => {
    await writeAttributes(repo.repository, 'exports')
    await repo.write('.gitattributes', text)
    expect(await filterAbove(repo.repository, 'exports/')).toBe(filter)
    await repo.git('add', '-A')
    await repo.git('commit', '-q', '-m', 'attributes')
    expect(await filterAbove(repo.repository, 'exports')).toBe(filter)
    expect(await readdir(repo.repository.gitDir)).not.toContainEqual(expect.stringContaining('tandem-attributes'))
  })

  test('finds the filter of a folder above it, and of this clone alone', async () => {
    await repo.write('data/.gitattributes', '* filter=git-crypt\n')
    expect(await filterAbove(repo.repository, 'data/exports')).toBe('git-crypt')
    expect(await filterAbove(repo.repository, 'exports')).toBeUndefined()
    await repo.write('.git/info/attributes', '* filter=mine\n')
    expect(await filterAbove(repo.repository, 'exports')).toBe('mine')
  })

  test('names the rule that ignores it, and the attribute that overrides ours', async () => {
    await writeAttributes(repo.repository, 'exports')
    await repo.write('.gitignore', 'exports/\n')
    await repo.write('.git/info/attributes', '*.jsonl merge=union text\n')
    const problems = await exportsProblems(repo.repository, 'exports/')
    expect(problems).toHaveLength(3)
    expect(problems.join('\n')).toContain('.gitignore:1:exports/')
    expect(problems.join('\n')).toContain('the attribute merge is union')
    expect(problems.join('\n')).toContain('the attribute text is set')
    await repo.write('.gitignore', '*.jsonl\n!exports/**\n')
    await repo.write('.git/info/attributes', '')
    expect(await exportsProblems(repo.repository, 'exports')).toEqual([])
  })
})

describe('.prettierignore', () => {
  test.each(['dist\n', 'dist', '', 'dist\r\n'])('gets the folder and comes back byte for byte (%j)', async (text) => {
    await repo.write('.prettierignore', text)
    expect(await mendPrettierignore(repo.repository, 'exports')).toBe(true)
    expect((await repo.read('.prettierignore')).split('\n')).toContain('exports/')
    expect(await mendPrettierignore(repo.repository, 'exports')).toBe(false)
    expect(await unmendPrettierignore(repo.repository)).toBe(true)
    expect(await repo.read('.prettierignore')).toBe(text)
    expect(await unmendPrettierignore(repo.repository)).toBe(false)
  })

  test.each(['exports', '/exports/', 'exports/**'])('is left alone when it says %s already', async (line) => {
    await repo.write('.prettierignore', `${line}\n`)
    expect(await mendPrettierignore(repo.repository, 'exports')).toBe(false)
  })

  test('is not made where there is none', async () => {
    expect(await mendPrettierignore(repo.repository, 'exports')).toBe(false)
    expect(await readdir(repo.root)).not.toContain('.prettierignore')
  })
})
