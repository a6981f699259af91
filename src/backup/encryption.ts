/**
 * Encryption of whole archives in the format of age (https://age-encryption.org/v1), by recipients or a passphrase. The `age` program is used where it is installed, since it is many
 * times faster; it asks for passphrases on a terminal only, so those are always used in this process.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { Readable, Writable } from 'node:stream'
import { type ProgramCall, runProgram } from '../io/program.ts'
import { DamagedError, TandemError, UsageError } from '../model/errors.ts'

/** With what archives are encrypted here, and read again. */
export interface ArchiveKeys {
  readonly recipients: readonly string[]
  /** Absolute path of a file with an age identity. */
  readonly identity: string | undefined
  readonly passphrase: string | undefined
}

/** True when this machine can read what it encrypts. */
export function canRead(keys: ArchiveKeys | undefined): boolean {
  return keys?.identity !== undefined || keys?.passphrase !== undefined
}

type Environment = ProgramCall['environment']

/** A file that is read, and the new one that is written. */
interface FileAndCipher {
  readonly from: string
  readonly to: string
}

/** Encrypts a file. @throws UsageError when a recipient is none */
export async function encryptFile(files: FileAndCipher, keys: ArchiveKeys, environment: Environment): Promise<void> {
  const { recipients, passphrase } = keys
  if (recipients.length > 0 && passphrase !== undefined)
    throw new UsageError('an archive is encrypted to recipients or with a passphrase, not both')
  if (recipients.length > 0) {
    const args = ['-e', ...recipients.flatMap((each) => ['-r', each]), '-o', files.to, files.from]
    if (await byProgram(args, environment)) return
  }
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  try {
    if (passphrase !== undefined) encrypter.setPassphrase(passphrase)
    for (const each of recipients) encrypter.addRecipient(each)
  } catch (error) {
    throw new UsageError(`backup.encrypt: ${(error as Error).message}`, { hint: 'A recipient begins with age1.' })
  }
  await copied(files, (stream) => encrypter.encrypt(stream))
}

/** Decrypts a file. @throws UsageError without identity and passphrase; DamagedError when it cannot be decrypted */
export async function decryptFile(
  files: FileAndCipher,
  keys: ArchiveKeys | undefined,
  environment: Environment,
): Promise<void> {
  const { identity, passphrase } = keys ?? {}
  if (identity === undefined && passphrase === undefined)
    throw new UsageError('the archive is encrypted, and this machine has neither its identity nor its passphrase', {
      hint: 'Name the identity: --identity FILE, or backup.encrypt.identity; or set the variable of backup.encrypt.passphrase.',
    })
  try {
    if (identity !== undefined && (await byProgram(['-d', '-i', identity, '-o', files.to, files.from], environment)))
      return
    const { Decrypter } = await import('age-encryption')
    const decrypter = new Decrypter()
    if (passphrase !== undefined) decrypter.addPassphrase(passphrase)
    if (identity !== undefined)
      for (const line of (await readFile(identity, 'utf8')).split(/\r?\n/))
        if (/^AGE-SECRET-KEY-/i.test(line)) decrypter.addIdentity(line.trim())
    await copied(files, (stream) => decrypter.decrypt(stream))
  } catch (error) {
    await rm(files.to, { force: true })
    if (error instanceof UsageError) throw error
    throw new DamagedError({ path: files.from }, `cannot be decrypted: ${(error as Error).message}`)
  }
}

/** False when the program is not installed. */
async function byProgram(args: readonly string[], environment: Environment): Promise<boolean> {
  const end = await runProgram('age', { args, environment })
  if (end === undefined) return false
  if (end.code === 0) return true
  throw new TandemError({ code: 'backup', exitCode: 1 }, `age failed (${end.code}): ${end.stderr}`)
}

async function copied(
  { from, to }: FileAndCipher,
  through: (stream: ReadableStream<Uint8Array>) => Promise<ReadableStream<Uint8Array>>,
): Promise<void> {
  const input = Readable.toWeb(createReadStream(from, { highWaterMark: 1 << 20 })) as ReadableStream<Uint8Array>
  const output = Writable.toWeb(
    createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true }),
  ) as WritableStream<Uint8Array>
  await (await through(input)).pipeTo(output)
}
