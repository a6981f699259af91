/** A share of the random courses of two folders that the mirror keeps alike; `npm run mirror-fuzz -- --runs N` plays more. */
import { expect, test } from 'vitest'
import { playCourse } from '../../trials/mirror/model.ts'

test('random edits on both sides, crashes, emptied and re-created folders: nothing is lost, both sides become alike, every deletion is explained', async () => {
  const wrong: string[] = []
  for (let seed = 1; seed <= 100; seed++) {
    const { problems, story } = await playCourse(seed)
    if (problems.length > 0) wrong.push([...story, ...problems].join('\n'))
  }
  expect(wrong).toEqual([])
})
