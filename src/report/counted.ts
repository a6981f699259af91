/** A number of things in words. */
/** `1 record`, `2 records`; only for nouns whose plural ends in s. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
