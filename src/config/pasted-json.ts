/** JSON on one line, spaced as people write it: for what a message gives to be pasted into the configuration. */

/** `{"omit": ["!password"]}` */
export function pastedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pastedJson).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${pastedJson(each)}`)
  return `{${fields.join(', ')}}`
}
