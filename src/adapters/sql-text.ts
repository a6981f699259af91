/** Names and texts quoted for SQL. SQLite and PostgreSQL quote alike (the SQL standard's way), and nothing from an export may enter a statement in any other form. */

/** An identifier, always in double quotation marks, so that no name is read as a keyword or as more than a name. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * A string literal. Right wherever a backslash in a literal stands for itself: in SQLite always, in PostgreSQL with `standard_conforming_strings` on, which
 * session.ts sets in every transaction.
 */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
