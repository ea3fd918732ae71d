/** A name as a quoted identifier of Trino. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text as a literal of Trino, which has no escapes but the doubled quote. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
