/** What machines that exchanged everything must not show. */
import type { Asset } from '../../support/asset.ts'
import type { Ledger } from './ledger.ts'
import { type Seen, viewOf } from './view.ts'
import type { SchemaWorld } from './world.ts'

export interface End {
  readonly all: readonly Asset[]
  readonly world: SchemaWorld
  readonly ledger: Ledger
  /** The machine that verifies: the one that was asked last whether it had anything to add. */
  readonly verified: Asset
}

/** Everything that is wrong, a line each. */
export async function judge({ all, world, ledger, verified }: End): Promise<string[]> {
  const views = await Promise.all(all.map(viewOf))
  const [first] = all as readonly [Asset]
  const told = await toldBy(first)
  return [
    ...(await differences({ all, world }, views)),
    ...(await verdictOf(verified)),
    ...[...ledger.rows.keys()].flatMap((what) => judgeRow(ledger, what, { seen: views[0] ?? [], told })),
    ...all.flatMap(({ name }, i) => judgePasswords(ledger, name, views[i] ?? [])),
  ]
}

async function differences(
  { all, world }: Pick<End, 'all' | 'world'>,
  views: readonly (readonly Seen[])[],
): Promise<string[]> {
  const problems: string[] = []
  const dumps = views.map((seen) => seen.map(dumped).toSorted())
  for (const [i, asset] of all.entries()) {
    const [mine = [], first = []] = [dumps[i], dumps[0]]
    for (const line of mine) if (!first.includes(line)) problems.push(`only ${asset.name} has ${line}`)
    for (const line of first) if (!mine.includes(line)) problems.push(`${asset.name} lacks ${line}`)
    const { stdout } = await asset.git('status', '--porcelain')
    if (stdout !== '') problems.push(`${asset.name}: git status is not clean: ${stdout}`)
    for (const each of await world.orphans(asset.database)) problems.push(`${asset.name}: without a parent: ${each}`)
  }
  return problems
}

/** What verify says against a machine. A new card whose place another has, and a new owner whose name another has in another spelling, may wait in quarantine. */
async function verdictOf(asset: Asset): Promise<string[]> {
  const { ok, live, exports } = await asset.digest()
  if (ok && live === exports) return []
  const { text } = await asset.tandem('verify')
  const waiting = text.split('\n').filter((line) => line.includes('quarantine:'))
  const isMeant = (line: string): boolean =>
    / cards \["cards\d+"\]: pos(?: is the same|: the value it had went)| owners \["(cleo|dora)"\]: name is the same/i.test(
      line,
    )
  if (live === exports && waiting.length > 0 && waiting.every(isMeant)) return []
  return [`${asset.name}: verify is not content: ${text}\n${(await asset.tandem('apply')).text}`]
}

function dumped({ table, row }: Seen): string {
  const { password: _, ...rest } = row
  return `${table} ${JSON.stringify(rest)}`
}

/** Everything that reports and quarantine name. */
async function toldBy(asset: Asset): Promise<string> {
  const { stdout } = await asset.git('ls-tree', '-r', '--name-only', 'HEAD', 'exports/reports', 'exports/quarantine')
  const texts = await Promise.all(
    stdout
      .split('\n')
      .filter((file) => /\.jsonl?$/.test(file))
      .map(async (file) => (await asset.git('show', `HEAD:${file}`)).stdout),
  )
  return texts.join('\n')
}

function judgeRow(
  ledger: Ledger,
  what: string,
  end: { readonly seen: readonly Seen[]; readonly told: string },
): string[] {
  const row = ledger.rows.get(what)
  const found = end.seen.filter((each) => each.what === what)
  const isTold = (text: string): boolean => end.told.includes(text)
  if (row === undefined || found.length > 1) return [`${what} is there ${found.length} times`]
  const open = ledger.open(what)
  const alive = open.filter(({ deleted }) => !deleted)
  const [here] = found
  if (here === undefined) {
    if (row.deleted) {
      const lost = alive.filter(({ field, text }) => field === 'note' && !isTold(text))
      return lost.map(({ text }) => `${what} is gone with ${text}, which nobody deleted and no report names`)
    }
    // of two new cards on one place the second waits in quarantine
    return row.table === 'cards' && row.by !== undefined && isTold(what)
      ? []
      : [`${what} of ${row.table} is gone, and nobody deleted it`]
  }
  if (row.deleted && !row.touched && alive.length === 0)
    return [`${what} is there although it was deleted, and nobody wrote to it`]
  return Object.entries(here.fields).flatMap(([field, text]) => {
    const values = open.filter((value) => value.field === field)
    if (values.every(({ deleted }) => deleted)) return []
    // nothing but the configuration says that a visit needs its page, so a page that was deleted is not put back for it
    const isGone = (value: (typeof values)[number]): boolean => ledger.rows.get(value.text)?.deleted === true
    if (here.table === 'visits' && field === 'page_id' && /^\d+$/.test(text) && values.every(isGone)) return []
    if (!values.some((value) => value.text === text))
      return [`${what}.${field} is ${text}, and should be ${values.map((value) => value.text).join(' or ')}`]
    const lost = values.filter(
      (value) =>
        value.text !== text &&
        !value.deleted &&
        value.text.startsWith('n') &&
        value.text !== 'null' &&
        !isTold(value.text),
    )
    return lost.map((value) => `${what}.${field} = ${value.text} lost to ${text}, and no report says so`)
  })
}

/** A user keeps the password of the machine that knows it; elsewhere stands what fits nothing. */
function judgePasswords(ledger: Ledger, machine: string, seen: readonly Seen[]): string[] {
  return seen
    .filter(({ table, what }) => table === 'users' && ledger.rows.get(what)?.deleted === false)
    .flatMap(({ what, row }) => {
      const by = ledger.rows.get(what)?.by ?? 'a'
      const expected = by === machine ? `of ${what} on ${machine}` : '!'
      return row['password'] === expected
        ? []
        : [`${machine}: the password of ${what} is ${row['password']}, and should be ${expected}`]
    })
}
