/** A string as a literal of DuckDB's SQL, for the statements that take no parameters. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name as a quoted identifier of DuckDB's SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
