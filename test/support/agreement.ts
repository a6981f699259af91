/** Whether two machines agree, as lists of what is wrong: empty when all is well, so that a failing test shows every reason at once. */
import type { Asset } from './asset.ts'

type Both = Readonly<Record<'a' | 'b', Asset>>

/** What two machines that exchanged everything must not show: different data, exports that say something else, other commits, modified or untracked files. */
export async function disagreements({ a, b }: Both): Promise<string[]> {
  const problems: string[] = []
  const [ours, theirs] = [await a.digest(), await b.digest()]
  if (ours.live !== theirs.live) problems.push(`the databases differ: ${ours.records} and ${theirs.records} records`)
  for (const [asset, digest] of [[a, ours] as const, [b, theirs] as const]) {
    if (!digest.ok || digest.live !== digest.exports) problems.push(`${asset.name}: the exports differ from live`)
    const status = (await asset.git('status', '--porcelain')).stdout
    if (status !== '') problems.push(`${asset.name}: git status is not clean: ${status}`)
  }
  if ((await a.id('HEAD')) !== (await b.id('HEAD'))) problems.push('the machines are at different commits')
  return problems
}

/** What two machines that are equal still have to say to each other when both push and pull again: commits. */
export async function chatter({ a, b }: Both): Promise<string[]> {
  const before = await a.id('HEAD')
  for (const asset of [a, b, a]) {
    await asset.git('push')
    await asset.git('pull')
  }
  const said = async (asset: Asset): Promise<string> =>
    (await asset.git('log', '--format=%an %s', `${before}..HEAD`)).stdout
  return [...(await said(a)).split('\n'), ...(await said(b)).split('\n')].filter((line) => line !== '')
}

/** Both sides push and pull until all has gone both ways: a, b, a. */
export async function exchange({ a, b }: Both): Promise<void> {
  await a.git('push')
  await b.git('pull', '--no-edit')
  await b.git('push')
  await a.git('pull', '--no-edit')
}

/** Everything goes both ways, twice. */
export async function settle(assets: Both): Promise<void> {
  await exchange(assets)
  await exchange(assets)
}

/** What stands in a machine's quarantine, as `collection key`. */
export async function quarantined(asset: Asset): Promise<string[]> {
  const list = JSON.parse((await asset.tandem('quarantine', 'list', '--json')).stdout) as {
    records: { collection: string; key: readonly string[] }[]
  }
  return list.records.map(({ collection, key }) => `${collection} ${key.join()}`).toSorted()
}
