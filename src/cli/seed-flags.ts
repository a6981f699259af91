/** The four flags of the script that this program replaced; each stands for a command. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  '--export': ['export'],
  '--merge': ['merge'],
  '--stats': ['stats'],
  '--sync': ['sync'],
}

/** The arguments with such a flag replaced by its command: `--merge FILE` → `merge FILE`. Other arguments stay as they are. */
export function fromSeedFlags(argv: readonly string[]): readonly string[] {
  const at = argv.findIndex((arg) => FLAGS[arg] !== undefined)
  if (at < 0 || argv.slice(0, at).some((arg) => !arg.startsWith('-'))) return argv
  const command = FLAGS[argv[at] as string] as readonly string[]
  return [...command, ...argv.slice(0, at), ...argv.slice(at + 1)]
}
