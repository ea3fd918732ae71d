/** A name as a quoted identifier of MySQL. */
export const quoteName = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
