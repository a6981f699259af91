/** `tandem mirror verify`, `versions` and `log`. */
import { eventsOf } from '../../../mirror/history.ts'
import { listOf, versionFolder, versionsOf } from '../../../mirror/versions.ts'
import { sizeWords } from '../../../model/duration.ts'
import { verifyMirror } from '../../../operations/mirror/look.ts'
import { mirrorPlace } from '../../../operations/mirror/place.ts'
import { type CommandContext, textOf } from '../../command.ts'

/** Exit code 1: the sides differ, or bytes are damaged. */
export async function runMirrorVerify(context: CommandContext): Promise<number> {
  const { output } = context
  const place = await mirrorPlace(await context.workspace())
  const verified = await verifyMirror(place)
  const { differences, files, sizeBytes, damagedVersions } = verified
  for (const { path, kind, side } of differences)
    output.say(
      kind === 'damaged'
        ? `${path}: damaged on the ${side}: nobody wrote it, and its bytes are others; the other side or a version has it`
        : `${path}: ${kind === 'different' ? 'differs' : `is on the ${kind.slice('only-'.length)} only`}`,
    )
  for (const name of damagedVersions) output.say(`version ${name}: damaged`)
  const match = (isSame: boolean): string => (isSame ? 'match' : 'differ')
  output.say(`files: ${files.primary} | ${files.mirror}: ${match(files.primary === files.mirror)}`)
  output.say(
    `size: ${sizeWords(sizeBytes.primary)} | ${sizeWords(sizeBytes.mirror)}: ${match(sizeBytes.primary === sizeBytes.mirror)}`,
  )
  const ok = differences.length + damagedVersions.length === 0
  output.say(ok ? 'every byte of both sides is alike' : 'the sides differ: tandem mirror run, tandem mirror log PATH')
  if (output.json) output.value({ ok, ...verified })
  return ok ? 0 : 1
}

export async function runVersions(context: CommandContext): Promise<number> {
  const { output } = context
  const { roots } = await mirrorPlace(await context.workspace())
  const stamps = await versionsOf(roots.mirror)
  const versions = stamps.map((stamp) => ({
    stamp,
    folder: versionFolder(roots.mirror, stamp),
    files: listOf(roots.mirror, stamp)?.size ?? 0,
  }))
  for (const { stamp, folder, files } of versions) output.say(`${stamp}  ${files} files  ${folder}`)
  if (versions.length === 0) output.say('no version yet')
  if (output.json) output.value({ ok: true, versions })
  return 0
}

export async function runMirrorLog(context: CommandContext): Promise<number> {
  const { output, args } = context
  const { folder } = await mirrorPlace(await context.workspace())
  const events = await eventsOf(folder, textOf(args, 'path')?.replace(/\/$/, ''))
  for (const { time, side, kind, path, from, reason, trash } of events) {
    const kept = trash === undefined ? '' : `; what was there is in .tandem-mirror/trash/${trash} of the ${side}`
    output.say(`${time} ${side} ${kind} ${from === undefined ? '' : `${from} → `}${path}: ${reason}${kept}`)
  }
  if (events.length === 0) output.say('nothing')
  if (output.json) output.value({ ok: true, events })
  return 0
}
