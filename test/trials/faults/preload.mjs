/**
 * Loaded into the built program by `NODE_OPTIONS=--import=…`, before anything of its own: counts every point at which it writes (files, git commands that write,
 * statements of the database drivers, sockets), and at the one that TANDEM_FAULT_AT names lets it fail as TANDEM_FAULT says. The program knows nothing of it. Plain
 * JavaScript, as Node reads it without a build; all processes of one git command count together, in a file.
 *
 * kill: only this process dies · crash: and with it the git that runs it · torn: it dies with half of a file written · ENOSPC: from here on no file takes anything any
 * more · EACCES: this one write is refused · cut: the connection breaks once · down: it breaks, and nobody answers from here on.
 */
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import path from 'node:path'

const { TANDEM_FAULT_FOLDER: folder = '', TANDEM_FAULT: kind = '', TANDEM_FAULT_AT: at = '0' } = process.env
const isProgram = /[/\\]dist[/\\]cli[/\\]main\.js$/.test(process.argv[1] ?? '')

const { appendFileSync, existsSync, readFileSync, writeFileSync } = fs
const pointsFile = path.join(folder, 'points')
const firedFile = path.join(folder, 'fired')

const KILLS = ['kill', 'crash', 'torn']

let marks = 0

/** Counts one point. Answers what is to happen at it: nothing, or the fault. Its line ends with a mark of its own: where two processes write at once, each still finds its own number. */
function reached(point) {
  const line = `${point.replaceAll('\n', ' ').slice(0, 200)} #${process.pid}.${marks++}`
  appendFileSync(pointsFile, `${line}\n`)
  const number = readFileSync(pointsFile, 'utf8').split('\n').indexOf(line) + 1
  if (number !== Number(at))
    return (kind === 'ENOSPC' || kind === 'down') && existsSync(firedFile) ? 'after' : undefined
  appendFileSync(firedFile, `${point}\n`)
  if (kind === 'kill') process.kill(process.pid, 'SIGKILL')
  if (kind === 'crash') process.kill(0, 'SIGKILL')
  return 'now'
}

function failure(code, syscall, file) {
  const words = { ENOSPC: 'no space left on device', EACCES: 'permission denied', ECONNRESET: 'read ECONNRESET' }[code]
  const place = file === undefined ? '' : `, ${syscall} '${file}'`
  const errno = { ENOSPC: -28, EACCES: -13, ECONNRESET: -104 }[code]
  return Object.assign(new Error(`${code}: ${words}${place}`), { code, errno, syscall, path: file })
}

/** A disk that is full still lets files go. */
function fileFault(syscall, file, isRemoval) {
  const fault = reached(`file ${syscall} ${file}`)
  if (fault === undefined || kind === 'cut' || kind === 'down') return undefined
  if (kind === 'ENOSPC' && isRemoval) return undefined
  return kind === 'torn' ? 'torn' : failure(kind, syscall, file)
}

const REMOVALS = new Set(['unlink', 'rm', 'rmdir'])
/** Which argument says where the write goes: for two names, the second. */
const TARGETS = { rename: 1, link: 1, copyFile: 1, symlink: 1 }
const WRITES = [
  'rename',
  'link',
  'copyFile',
  'symlink',
  'unlink',
  'rm',
  'rmdir',
  'mkdir',
  'writeFile',
  'appendFile',
  'chmod',
  'truncate',
]

/**
 * Nothing is written where what is to go is not there, or what is to come is. The folders of git's objects are not counted either: whether one is there already follows from the hashes, which follow from the clock,
 * and the number of points must be the same in every run.
 */
function writesNothing(syscall, file) {
  if (/[/\\]objects[/\\][0-9a-f]{2}$/.test(file)) return true
  if (REMOVALS.has(syscall)) return fs.lstatSync(file, { throwIfNoEntry: false }) === undefined
  return syscall === 'mkdir' && existsSync(file)
}

function half(data) {
  const bytes =
    typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return bytes.subarray(0, Math.floor(bytes.length / 2))
}

/** Half of the content arrives; then the process dies, or the disk says that it is full. */
function tear(syscall, file, data) {
  if (syscall === 'writeFile') writeFileSync(file, half(data))
  if (syscall === 'appendFile') appendFileSync(file, half(data))
}

function wrapPromises(syscall) {
  const original = fs.promises[syscall]
  fs.promises[syscall] = async (...args) => {
    const file = String(args[TARGETS[syscall] ?? 0])
    if (writesNothing(syscall, file)) return original(...args)
    const fault = fileFault(syscall, file, REMOVALS.has(syscall))
    if (fault === undefined) return original(...args)
    if (fault === 'torn' || kind === 'ENOSPC') tear(syscall, file, args[1])
    if (fault === 'torn') process.kill(process.pid, 'SIGKILL')
    throw fault
  }
}

/** The callback forms, which write-file-atomic uses. */
function wrapCallbacks(syscall) {
  const original = fs[syscall]
  fs[syscall] = (...args) => {
    const file = String(args[TARGETS[syscall] ?? 0])
    if (writesNothing(syscall, file)) return original(...args)
    const fault = fileFault(syscall, file, REMOVALS.has(syscall))
    if (fault === undefined) return original(...args)
    if (fault === 'torn') process.kill(process.pid, 'SIGKILL')
    return void process.nextTick(args.at(-1), fault)
  }
}

/**
 * The forms that do not wait. What the program compiles for its next start is not counted: whether it is there already, other runs decide. Nor is what counts the points: appendFileSync comes
 * through here.
 */
function wrapSync(syscall) {
  const original = fs[`${syscall}Sync`]
  fs[`${syscall}Sync`] = (...args) => {
    const file = String(args[TARGETS[syscall] ?? 0])
    if (/[/\\]dist[/\\]cache[/\\]/.test(file) || [pointsFile, firedFile].includes(file)) return original(...args)
    const fault = fileFault(syscall, file, false)
    if (fault === undefined) return original(...args)
    if (fault === 'torn' || kind === 'ENOSPC') tear(syscall, file, args[1])
    if (fault === 'torn') process.kill(process.pid, 'SIGKILL')
    throw fault
  }
}

function wrapOpen() {
  const { open, write } = fs
  fs.open = (...args) => {
    if (typeof args[1] !== 'string' || !/[wa+]/.test(args[1])) return open(...args)
    const fault = fileFault('open', String(args[0]), false)
    if (fault === undefined || fault === 'torn') return open(...args)
    return void process.nextTick(args.at(-1), fault)
  }
  fs.write = (fd, data, ...rest) => {
    const fault = fileFault('write', String(fd), false)
    if (fault === undefined) return write(fd, data, ...rest)
    if (fault === 'torn' || kind === 'ENOSPC') fs.writeSync(fd, half(data))
    if (fault === 'torn') process.kill(process.pid, 'SIGKILL')
    return void process.nextTick(rest.at(-1), fault)
  }
}

const GIT_WRITES = new Set([
  'add',
  'commit',
  'commit-tree',
  'config',
  'fetch',
  'hash-object',
  'mktree',
  'notes',
  'pull',
  'push',
  'read-tree',
  'update-index',
  'update-ref',
  'write-tree',
])
const READS_CONFIG = ['--get', '--get-all', '--get-regexp', '--list', '-l']

/** The words of a git command that writes; undefined for any other program. */
function gitWrite(program, args) {
  if (program !== 'git') return undefined
  let first = 0
  while (args[first] === '-c' || args[first] === '-C') first += 2
  const words = args.slice(first)
  if (!GIT_WRITES.has(words[0])) return undefined
  return words[0] === 'config' && READS_CONFIG.some((word) => words.includes(word)) ? undefined : words
}

const GIT_FAILURES = {
  ENOSPC: 'fatal: unable to write new file: No space left on device',
  EACCES: 'fatal: unable to create file: Permission denied',
  cut: 'fatal: Could not read from remote repository.',
  down: 'fatal: Could not read from remote repository.',
}

function wrapSpawn() {
  const original = childProcess.spawn
  childProcess.spawn = (program, args, options) => {
    const words = Array.isArray(args) ? gitWrite(program, args) : undefined
    if (words === undefined) return original(program, args, options)
    const fault = reached(`git ${words.slice(0, 3).join(' ')}`)
    const talks = ['fetch', 'pull', 'push'].includes(words[0])
    if (fault === undefined || ((kind === 'cut' || kind === 'down') && !talks)) return original(program, args, options)
    if (KILLS.includes(kind)) process.kill(process.pid, 'SIGKILL')
    return original('sh', ['-c', 'cat >/dev/null; echo "$0" >&2; exit 128', GIT_FAILURES[kind]], options)
  }
}

const SQL_WRITES =
  /^\s*(begin\s+(immediate|exclusive)|insert|update|delete|replace|create|drop|alter|commit|end|savepoint|release)\b/i
const SQLITE = {
  ENOSPC: ['SQLITE_FULL', 'database or disk is full', 13],
  EACCES: ['SQLITE_READONLY', 'attempt to write a readonly database', 8],
  cut: ['SQLITE_IOERR', 'disk I/O error', 10],
  down: ['SQLITE_IOERR', 'disk I/O error', 10],
}

function statementFault(sql) {
  if (!SQL_WRITES.test(sql) || reached(`sql ${sql}`) === undefined) return
  if (KILLS.includes(kind)) process.kill(process.pid, 'SIGKILL')
  const [code, words, rawCode] = SQLITE[kind]
  throw Object.assign(new Error(words), { code, rawCode })
}

/** Statements of SQLite are calls into native code, so the driver's own methods are wrapped. */
function wrapLibsql() {
  const Database = createRequire(process.argv[1])('libsql')
  const { exec, prepare } = Database.prototype
  Database.prototype.exec = function execWithFaults(sql) {
    statementFault(sql)
    return exec.call(this, sql)
  }
  Database.prototype.prepare = function prepareWithFaults(sql) {
    const statement = prepare.call(this, sql)
    const run = statement.run.bind(statement)
    statement.run = (...parameters) => {
      statementFault(sql)
      return run(...parameters)
    }
    return statement
  }
}

/** What is sent to a database server: the connection breaks before (odd points) or after (even points) the server has it. */
function wrapSockets() {
  const { write, connect } = net.Socket.prototype
  net.Socket.prototype.write = function writeWithFaults(data, ...rest) {
    if (this.remotePort === undefined || reached(`socket ${spoken(data)}`) === undefined)
      return write.call(this, data, ...rest)
    if (KILLS.includes(kind)) process.kill(process.pid, 'SIGKILL')
    if (Number(at) % 2 === 0) write.call(this, data)
    this.destroy(failure('ECONNRESET', 'read'))
    return false
  }
  net.Socket.prototype.connect = function connectWithFaults(...args) {
    if (kind !== 'down' || !existsSync(firedFile)) return connect.apply(this, args)
    process.nextTick(() =>
      this.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })),
    )
    return this
  }
}

/** The words of a message, for the list of points. */
function spoken(data) {
  return Buffer.from(data)
    .toString('latin1')
    .replace(/[^\x20-\x7e]+/g, ' ')
}

if (isProgram && folder !== '') {
  for (const syscall of WRITES) wrapPromises(syscall)
  for (const syscall of ['rename', 'chmod']) wrapCallbacks(syscall)
  for (const syscall of ['rename', 'writeFile']) wrapSync(syscall)
  wrapOpen()
  wrapSpawn()
  wrapLibsql()
  wrapSockets()
  syncBuiltinESMExports()
}
