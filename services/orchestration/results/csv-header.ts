/** Names with separators, surrounding white space, or a `#` that readers take for a comment, and empty names. */
const needsQuotes = /[",\r\n#]|^\s|\s$|^$/;

/** The header line of a CSV. */
export function csvHeader(columns: readonly { readonly name: string }[]): Uint8Array {
  const fields = columns.map(({ name }) =>
    needsQuotes.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
  );
  return Buffer.from(`${fields.join(",")}\n`);
}
