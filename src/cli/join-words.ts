/** What `tandem init` says before a database joins exports that others made: what each side has, what differs, and what each answer would delete or overwrite. */
import type { JoinPreview } from '../operations/init/join.ts'
import { counted } from '../report/counted.ts'

/** The lines of a preview, for a person who has to choose. */
export function previewWords(source: string, preview: JoinPreview): string[] {
  return [
    ...preview.counts.map(
      ({ name, both, onlyHere, onlyThere, conflicts }) =>
        `${source}/${name}: ${both} in both (${conflicts} of them differ), ${onlyHere} only here, ${onlyThere} only in the exports`,
    ),
    ...preview.examples.map(({ collection, key, fields }) =>
      fields === undefined
        ? `  only here: ${source}/${collection} ${key}`
        : `  differs: ${source}/${collection} ${key} in ${fields.join(', ')}`,
    ),
    ...choiceWords(preview),
  ]
}

function choiceWords({ counts, isFresh }: JoinPreview): string[] {
  const sum = (of: 'onlyHere' | 'onlyThere' | 'conflicts' | 'both'): number =>
    counts.reduce((total, each) => total + each[of], 0)
  const here = sum('onlyHere')
  const there = sum('onlyThere')
  const differing = sum('conflicts')
  const all = sum('both') + here + there
  return [
    `  unite: deletes nothing, all machines get ${counted(all, 'record')}; of ${differing} that differ the rule decides field by field, and the report has what lost`,
    `  theirs: deletes ${counted(here, 'record')} here, overwrites ${differing} here; tandem undo takes it back`,
    `  ours: the next push deletes ${counted(there, 'record')} on every other machine, overwrites ${differing} there`,
    `  a COMMIT: what is not here and was in that commit counts as deleted here`,
    ...(isFresh ? [`  if this machine is fresh, and its records were made by migrations or seeds: theirs`] : []),
  ]
}
