/** The two sides of every merge. Which side is called ours never decides anything; the names only say where a value came from. */
export type Side = 'ours' | 'theirs'

/** One thing for each side. */
export type Sides<Thing> = Readonly<Record<Side, Thing>>
